"""The native side of hiding findings, on AWS: Access Analyzer's rules and statuses, Security Hub's workflow, GuardDuty's archive, and a
look at what else hides findings there.

Every call is bounded and opens its client for itself, because hiding is rare and its Regions are many. AWS's own batch limits are kept
here; what a batch did not do is told, not hidden. Nothing here decides what to hide, and no rule of GuardDuty's is ever made: a filter
there would blind the bot.
"""

from bot.adapters.hiding.analyzer import AccessAnalyzerRules
from bot.adapters.hiding.guard import GuardDutyArchive
from bot.adapters.hiding.hub import SecurityHubStatus
from bot.adapters.hiding.outlook import AwsOutlook

__all__ = ["AccessAnalyzerRules", "AwsOutlook", "GuardDutyArchive", "SecurityHubStatus"]
