import json
from pathlib import Path

import pytest

from prosopon.errors import InputError
from prosopon.report.compare import comparison_data, student
from report_tables import clip_table


def test_folders_are_groups():
    tables = {Path(f"{group}/{i}.csv"): clip_table() for group in "ab" for i in range(2)}

    data = comparison_data(tables)

    json.dumps(data, allow_nan=False)
    assert [group["name"] for group in data["groups"]] == ["a", "b"]
    assert [file["group"] for file in data["files"]] == ["a", "a", "b", "b"]
    keys = [measure["key"] for measure in data["measures"]]
    assert keys == list(data["files"][0]["measures"])
    seen = data["groups"][0]["measures"]["seen"]
    assert seen["mean"] == pytest.approx(65 / 75)
    assert seen["low"] == pytest.approx(65 / 75)  # no spread, no width


def test_one_folder_is_one_group_with_an_interval():
    tables = {Path("a.csv"): clip_table(75), Path("b.csv"): clip_table(150)}

    data = comparison_data(tables)

    assert [group["name"] for group in data["groups"]] == ["all"]
    seen = data["groups"][0]["measures"]["seen"]
    first, second = 65 / 75, 140 / 150
    assert seen["mean"] == pytest.approx((first + second) / 2)
    assert seen["low"] == pytest.approx(seen["mean"] - 12.706 * (second - first) / 2)
    assert seen["high"] == 1  # a share ends there


@pytest.mark.parametrize(("freedom", "quantile"), [(1, 12.706), (10, 2.2281), (30, 2.0423)])
def test_student(freedom: int, quantile: float):
    assert student(freedom) == pytest.approx(quantile, abs=1e-3)


def test_one_table_is_nothing_to_compare():
    with pytest.raises(InputError, match="at least two"):
        comparison_data({Path("a.csv"): clip_table()})
