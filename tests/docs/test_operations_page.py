"""The table of operations says what the classes say, and leaves none out."""

from __future__ import annotations

from atoll.programs.operation import REGISTRY
from tools.docs_operations import EXAMPLES, PAGE, find_step, write_page


def test_the_page_is_what_the_classes_say() -> None:
    assert PAGE.read_text("utf-8") == write_page(), "run `python -m tools.docs_operations`"


def test_every_operation_is_on_the_page_with_an_example_that_uses_it() -> None:
    page = write_page()
    own = {name for name, cls in REGISTRY.items() if cls.__module__.startswith("atoll.")}
    assert [name for name in own if f"`{name}`" not in page] == []
    assert own - EXAMPLES.keys() == {"input", "input_mask", "constant", "move_point"}
    assert all(find_step(name) is not None for name in EXAMPLES)
