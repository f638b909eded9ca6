"""rerun: what is never run a second time under --reruns.

A test that fails on a machine that others use is run once more. One whose
ledger does not agree has lost or doubled a record: that is a failure, however
rarely it happens."""

import pytest

from .ledger import LedgerError


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item, call):
    if (call.excinfo is not None and call.excinfo.errisinstance(LedgerError)
            and item.config.pluginmanager.hasplugin("rerunfailures")):
        item.add_marker(pytest.mark.flaky(condition=False), append=False)
