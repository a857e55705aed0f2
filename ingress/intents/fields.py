"""What the fields of intents may hold. A pattern's `$` alone would let a line break stand at the end."""

from __future__ import annotations

from typing import Annotated

import msgspec

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
Id = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
Words = Annotated[str, msgspec.Meta(min_length=1, max_length=3000)]
Digits = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-D*#wW]{1,100}$(?!\n)")]
PhoneAddress = Annotated[str, msgspec.Meta(pattern=r"^(\+[1-9][0-9]{4,14}|sips?:[^\s@]+@[^\s@]+)$(?!\n)")]
Url = Annotated[str, msgspec.Meta(pattern=r"^https?://[^\s@]+$(?!\n)", max_length=2000)]
#: Why, for people who look at the state: it stands in views and on wallboards.
Reason = Annotated[str, msgspec.Meta(max_length=255)]
#: A SHA-256, in hexadecimal digits.
Digest = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=14400)]
