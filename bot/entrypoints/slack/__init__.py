"""The Slack door: what Slack sends, acknowledged first and then answered by the desk; by Socket Mode or by signed HTTP requests."""

from bot.entrypoints.slack.door import Looks, SlackDoor
from bot.entrypoints.slack.links import HttpDoor, SocketDoor

__all__ = ["HttpDoor", "Looks", "SlackDoor", "SocketDoor"]
