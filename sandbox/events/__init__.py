"""Made-up security events in the true shapes of every source, the same for the same seed.

Problem solved: the demo and the tests need a stream that looks like a company's week, and no real payload may be
shipped. `Story` tells it; one module per AWS product knows that product's shape. Nothing here sends anything: events
are plain dicts.
"""

from sandbox.events.folder import events_from_folder
from sandbox.events.history import burst, opening
from sandbox.events.hostile import hostile
from sandbox.events.story import Story

__all__ = ["Story", "burst", "events_from_folder", "hostile", "opening"]
