"""What Slack's refusals mean to the delivery side: the channel, the layout, or something that is gone.

A code that stands in none of these tables is kept and tried again later; nothing is dropped because of it.
"""

from __future__ import annotations

# Slack says that this channel will not take our messages as things are.
CHANNEL_ERRORS = frozenset({
    "channel_not_found", "not_in_channel", "is_archived", "restricted_action", "ekm_access_denied", "no_permission",
    "posting_to_channel_denied", "restricted_action_read_only_channel", "messages_tab_disabled", "missing_scope", "invalid_auth",
    "account_inactive", "token_revoked", "not_authed", "token_expired",
})  # fmt: skip
# Slack cannot show these blocks: the card goes as plain text.
LAYOUT_ERRORS = frozenset({
    "invalid_blocks", "invalid_blocks_format", "msg_too_long", "msg_blocks_too_long", "metadata_too_large", "too_many_attachments",
})  # fmt: skip
CARD_GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})
# Somebody deleted the card: there is no thread to speak in.
THREAD_GONE = frozenset({"message_not_found", "thread_not_found", "cannot_reply_to_message"})
