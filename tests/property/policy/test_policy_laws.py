"""Laws of the policy file: what is shown is what is meant, and every mistake of form is found where it is."""

from __future__ import annotations

import contextlib
import tomllib

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import inspect as types

from ingress.toml.lines import lines_of
from ingress.toml.shape import switched_off
from worker.policy.load import read_policy
from worker.policy.model import Policy
from worker.policy.shape import mistakes_of, without_blanks
from worker.policy.show import to_toml

#: What TOML can say: no lone surrogates.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)


def values(kind: types.Type) -> st.SearchStrategy[object]:
    """Return a strategy for what may stand in a document where *kind* is wanted."""
    match kind:
        case types.Metadata():
            return values(kind.type)
        case types.UnionType():
            return st.one_of(*(values(one) for one in kind.types if not isinstance(one, types.NoneType)))
        case types.LiteralType():
            return st.sampled_from(kind.values)
        case types.StrType(pattern=str(pattern)):
            return st.from_regex(pattern.replace("$", r"\Z"), fullmatch=False).filter(lambda made: len(made) < 300)
        case types.StrType():
            return TEXT
        case types.BoolType():
            return st.booleans()
        case types.IntType():
            return st.integers(kind.ge, kind.le)
        case types.FloatType():
            least = kind.gt if kind.ge is None else kind.ge
            return st.floats(least, kind.le, exclude_min=kind.gt is not None)
        case types.VarTupleType():
            return st.lists(values(kind.item_type), min_size=kind.min_length or 0, max_size=2)
        case types.DictType():
            return st.dictionaries(
                values(kind.key_type), values(kind.value_type), min_size=kind.min_length or 0, max_size=2
            )
        case types.StructType():
            must = {field.encode_name: values(field.type) for field in kind.fields if field.required}
            may = {
                field.encode_name: values(field.type) | st.just("") if switched_off(field) else values(field.type)
                for field in kind.fields
                if not field.required
            }
            few = st.sets(st.sampled_from(sorted(may)), max_size=4) if may else st.just(set[str]())
            return few.flatmap(lambda names: st.fixed_dictionaries({**must, **{name: may[name] for name in names}}))
        case _:
            raise TypeError(f"there is no strategy for {kind}")


DOCUMENTS = values(types.type_info(Policy))


@settings(max_examples=60, deadline=None)
@given(DOCUMENTS)
def test_a_policy_that_is_shown_is_read_as_the_same(document: dict[str, object]) -> None:
    policy = msgspec.convert(without_blanks(document), Policy)
    shown = to_toml(policy)
    assert read_policy(shown, "shown.toml") == policy
    assert to_toml(read_policy(shown, "shown.toml")) == shown


@settings(max_examples=60, deadline=None)
@given(DOCUMENTS)
def test_every_key_of_a_text_has_its_line(document: dict[str, object]) -> None:
    text = to_toml(msgspec.convert(without_blanks(document), Policy))
    lines, rows = lines_of(text), text.split("\n")

    def look(value: object, place: tuple[str | int, ...]) -> None:
        if place and not isinstance(value, dict):
            assert place in lines
            last = next(part for part in reversed(place) if isinstance(part, str))
            assert (
                last in rows[lines[place] - 1]
                or not last.isascii()
                or not last.isprintable()
                or '"' in last
                or "\\" in last
            )
        for key, inner in (
            value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        ):
            look(inner, (*place, key))

    look(tomllib.loads(text), ())


WRONG = st.one_of(
    st.integers(-2, 20_000), st.floats(-1, 2e4), st.booleans(), TEXT, st.just(""), st.just([]), st.just({}),
    st.lists(TEXT, max_size=2), st.dictionaries(TEXT, TEXT, max_size=1),
)  # fmt: skip


@st.composite
def spoilt(draw: st.DrawFn) -> object:
    """Return a document in which one value, or one key, somewhere, is another."""
    return _spoil(draw, draw(DOCUMENTS), draw(st.integers(1, 7)))


def _spoil(draw: st.DrawFn, value: object, depth: int) -> object:
    if depth == 0 or not isinstance(value, dict | list) or not value:
        return draw(WRONG)
    if isinstance(value, list):
        number = draw(st.integers(0, len(value) - 1))
        return [*value[:number], _spoil(draw, value[number], depth - 1), *value[number + 1 :]]
    key = draw(st.sampled_from(sorted(value)))
    if draw(st.integers(0, 9)) == 0:
        return {f"{name}x" if name == key else name: inner for name, inner in value.items()}
    return {**value, key: _spoil(draw, value[key], depth - 1)}


@settings(max_examples=300, deadline=None)
@given(spoilt())
def test_a_mistake_is_found_whenever_there_is_one(document: dict[str, object]) -> None:
    good = False
    with contextlib.suppress(msgspec.ValidationError):
        msgspec.convert(without_blanks(document), Policy)
        good = True
    assert (mistakes_of(document) == []) == good
