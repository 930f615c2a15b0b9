"""The support table is what these versions of the runtimes do."""

from __future__ import annotations

import pytest

from ddspgraph.export.targets import OK, support_table
from ddspgraph.ops import OPS
from tests.export.measured import measured


@pytest.mark.proof
@pytest.mark.parametrize("name", OPS)
def test_the_table_is_what_happens(name: str) -> None:
    found, known = measured(name), support_table()["ops"][name]
    for target, forms in known.items():
        for form, said in forms.items():
            assert (found[target][form] == OK) == (said == OK), f"{target} {form}: {found[target][form]}"
