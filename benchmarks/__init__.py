"""`make bench`: what secbot does in a second, beside a floor measured in the same run.

Problem solved: a machine's figures mean little on another machine, a ratio to a bare loop over the same payloads means much. Nothing here
is imported by the bot, and no test rests on a time. docs/performance.md says how to read the table.
"""
