"""What a user of Redis lacks, said so that an operator can grant it. The rules are in `deploy/redis/users.acl`."""

from __future__ import annotations

import re

from redis.exceptions import NoPermissionError, RedisError

#: "this user has no permissions to run the 'xadd' command or its subcommand" (6), "User door has no permissions to
#: run the 'config|get' command" (7).
_COMMAND = re.compile(r"run the '([^']+)' command")
#: How Redis says it of a command within a script, up to 6.2 without a code, and later with one.
_IN_SCRIPT = ("can't run this command or subcommand", "ACL failure in script", "user executing the script")


def lacking_right(error: BaseException) -> str:
    """Return which right *error* is about, in a sentence; empty: none."""
    text = str(error)
    in_script = any(words in text for words in _IN_SCRIPT)
    if not isinstance(error, NoPermissionError) and not (isinstance(error, RedisError) and in_script):
        return ""
    named = _COMMAND.search(text)
    if named:
        rule = f"+{named.group(1).lower()}"
    elif "key" in text:
        rule = "~PREFIX:* for the prefix of its keys"
    else:
        rule = "the commands that its scripts use"
    return f"this user of Redis lacks {rule} ({text}): give it the rules of deploy/redis/users.acl"
