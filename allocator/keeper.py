"""What is derived from an immutable object stays with that object."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

Derived = TypeVar("Derived")


class Keeper:
    """An immutable object that keeps what is derived from it as long as it lives.

    Arrays, graphs and frames are made by the rooms above the models, which the models must not
    import; kept here they go when their owner goes. Nothing kept is copied, compared or pickled.
    """

    def derived(self, make: Callable[..., Derived], *of: object) -> Derived:
        """`make(self, *of)`, made once; made anew only for another `of` (compared by identity)."""
        kept: dict[Any, tuple[tuple[object, ...], Any]] = self.__dict__.setdefault("_derived", {})
        made = kept.get(make)
        if made is None or any(a is not b for a, b in zip(made[0], of, strict=True)):
            made = kept[make] = (of, make(self, *of))
        value: Derived = made[1]
        return value

    def __getstate__(self) -> dict[str, Any]:
        names: Mapping[str, object] = getattr(type(self), "__dataclass_fields__", {})
        return {name: self.__dict__[name] for name in names}
