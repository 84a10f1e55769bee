"""One look a file, each exporting `LAYOUT`; the file is named after it. No layout imports another: what they share is in renderers/."""
