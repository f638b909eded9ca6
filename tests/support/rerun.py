"""rerun: how a test is run a second time under --reruns.

A test that fails on a machine that others use is run once more, with servers
and fixtures of its file made anew: what broke one may be what it shares with
the tests before it. One whose ledger does not agree has lost or doubled a
record: that is a failure, however rarely it happens."""

import pytest

from .ledger import LedgerError

failed = pytest.StashKey()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item, call):
    if call.excinfo is None or not item.config.pluginmanager.hasplugin(
            "rerunfailures"):
        return
    item.stash[failed] = True
    if call.excinfo.errisinstance(LedgerError):
        item.add_marker(pytest.mark.flaky(condition=False), append=False)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item):
    """All but the session's is taken down, so that it is made again."""
    if item.stash.get(failed, False):
        item.stash[failed] = False
        item.session._setupstate.teardown_exact(item.session)
