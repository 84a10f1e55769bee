"""The store in memory: for tests, for the demo without a disk, and as the third opinion of the contract suite.

The problem: the services' tests should not need a database, yet whatever they run against must keep every rule of the real one. A
transaction works on a copy that replaces the original when it commits. It refuses to survive its process.
"""

from bot.adapters.memory.store import MemoryStore

__all__ = ["MemoryStore"]
