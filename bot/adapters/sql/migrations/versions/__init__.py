"""Revisions. A revision that was released is never edited."""
