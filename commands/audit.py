"""`/sec audit since:90d`: who did what to what, from the audit trail."""

from __future__ import annotations

from bot.domain.authz import Permission
from bot.domain.views import AuditLog, Notice, Trouble
from bot.plugins import Command
from bot.services.audit import read_question
from bot.services.context import Context


async def run(context: Context, text: str) -> AuditLog | Trouble | Notice:
    """The newest lines that the text asks for; with `csv` all of them as a file."""
    question = read_question(text, context.actor.id)
    if isinstance(question, Trouble):
        return question
    if question.csv:
        return await context.suite.exports.start(await context.suite.audit.table(question), context.actor.id)
    return await context.suite.audit.log(question)


COMMAND = Command(
    name="audit",
    summary="Who did what, from the audit trail, by time, person, finding and kind of act.",
    usage="/sec audit [F-1234] [@someone|me] [acks|assignments|requests|suppressions|approvals|drift] [since:30d] [csv]",
    permission=Permission.READ,
    run=run,
    examples=("/sec audit", "/sec audit acks me since:7d", "/sec audit F-1234", "/sec audit since:90d csv"),
    order=70,
    counted=True,
)
