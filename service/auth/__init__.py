"""Who may do what, and how much of it: API keys, tokens of an identity provider, limits, a record.

A request with a key or a token becomes a `Caller` with scopes and limits, or a refusal. Keys and
counters lie in Redis, so that every gateway knows the same. Off, nothing of this is in the way.
"""
