"""The page about upgrades cannot fall behind the code."""

import re
from pathlib import Path

from runtime.retention import NEEDED
from store import migrate
from tests.store.migration_rules import blocking
from tests.store.test_migration_rules import RULE_SINCE

PAGE = (Path(__file__).parents[2] / "docs" / "upgrading.md").read_text()


def test_figures_are_those_of_the_code():
    text = " ".join(PAGE.split())
    assert f"Since migration {RULE_SINCE} " in text
    assert f"within {migrate.LOCK_TIMEOUT_MS} ms" in text
    assert (migrate.RETRY_EVERY, migrate.GIVE_UP_AFTER) == (0.5, 600), "every half second, ten minutes"
    assert f"at least {NEEDED.days} days" in text
    assert f"--retention {NEEDED.days}d" in text


def test_the_examples_keep_to_the_rules():
    examples = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)
    assert [example.startswith(migrate.OUTSIDE_TRANSACTION) for example in examples] == [False, True]
    assert [blocking(example) for example in examples] == [[], []]
