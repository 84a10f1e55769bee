"""The control plane: moto's server on the loopback, filled with the made-up organisation.

moto runs in threads of this process, so its backends are filled directly instead of by hundreds of calls. The
security account is given the management account's view of Organizations, as a delegated administrator has it. Not
modelled by moto, hence refused with its own errors: the findings APIs of Security Hub, GuardDuty and Access Analyzer.
State is moto's and therefore one per process.
"""

from __future__ import annotations

import asyncio
import threading
from datetime import datetime, timedelta
from typing import Any

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from sandbox.company import AwsAccount, Company

ACCESS_KEY_ID = "SANDBOXTESTINGKEY000"  # made up; moto reads only keys of 20 capitals and digits
SECRET_ACCESS_KEY = "testing"  # noqa: S105  made up: moto knows no secrets
_FIRST_JOINED = datetime(2021, 3, 1, 9)  # noqa: DTZ001  moto compares naive times
_STOP_LIMIT_S = 5.0
_POLL_S = 0.05  # how soon the serving thread notices that it shall stop


class _Quiet(WSGIRequestHandler):
    """Answers without a line on the console for each request."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        del code, size


class ControlPlane:
    """moto with one company. `start` takes about a second the first time, nearly all of it moto's import."""

    def __init__(self, company: Company, host: str = "127.0.0.1", port: int = 0) -> None:
        self.company = company
        self._host, self._port = host, port
        self._server: BaseWSGIServer | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The endpoint for every service that moto has."""
        return f"http://{self._host}:{self._port}"

    async def start(self) -> None:
        """Fill moto and listen; the event loop stays free meanwhile."""
        await asyncio.to_thread(self._start)

    async def stop(self) -> None:
        """Stop listening and empty moto's backends. May be called twice."""
        await asyncio.to_thread(self._stop)

    def _start(self) -> None:
        from moto.moto_server.werkzeug_app import (  # noqa: PLC0415  slow, and absent without the extra `demo`
            DomainDispatcherApplication,
            create_backend_app,
        )

        seed(self.company)
        application = DomainDispatcherApplication(create_backend_app)
        self._server = make_server(self._host, self._port, application, threaded=True, request_handler=_Quiet)
        self._port = int(self._server.server_port)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(_POLL_S,), name="moto", daemon=True)
        self._thread.start()

    def _stop(self) -> None:
        if self._server is None or self._thread is None:
            return
        self._server.shutdown()
        self._thread.join(_STOP_LIMIT_S)
        self._server.server_close()
        self._server = self._thread = None
        _forget(self.company)


def seed(company: Company) -> None:
    """Put the organisation into moto's backends: OUs, accounts with names, mail, tags and places; the caller's key."""
    from moto.organizations.models import organizations_backends  # noqa: PLC0415

    _forget(company)
    backend = organizations_backends[company.management.id]["aws"]
    backend.create_organization(region=company.region, FeatureSet="ALL")
    ous = _make_ous(backend, company.ous)
    for index, account in enumerate(company.accounts):
        _place(backend, account, ous[account.ou], index)
        if index:
            organizations_backends.master_accounts[account.id] = (company.management.id, "aws")
    organizations_backends[company.security.id]["aws"] = backend  # a delegated administrator sees what management sees
    _give_key(company.security.id)


def _make_ous(backend: Any, paths: tuple[str, ...]) -> dict[str, str]:
    """OU path -> id; the empty path is the root. A parent comes before its children in `paths`."""
    ids = {"": str(backend.org.root_id)}
    for path in paths:
        parent, _, name = path.rpartition("/")
        made = backend.create_organizational_unit(ParentId=ids[parent], Name=name)
        ids[path] = str(made["OrganizationalUnit"]["Id"])
    return ids


def _place(backend: Any, account: AwsAccount, ou_id: str, index: int) -> None:
    from moto.organizations.models import FakeAccount  # noqa: PLC0415

    if index:
        record = FakeAccount(backend.org, AccountName=account.name, Email=account.email)
        backend.accounts.append(record)
    else:
        record = backend.accounts[0]  # made with the organisation
        record.name, record.email = account.name, account.email
    record.id, record.parent_id, record.tags = account.id, ou_id, dict(account.tags)
    record.create_time = _FIRST_JOINED + timedelta(days=9 * index)


def _give_key(account_id: str) -> None:
    """Make the access key belong to the security account, so that moto answers as if called from there."""
    from moto.iam.models import iam_backends  # noqa: PLC0415

    backend = iam_backends[account_id]["aws"]
    backend.create_user("us-east-1", user_name="secbot")
    key = backend.create_access_key("secbot")
    key.access_key_id, key.secret_access_key = ACCESS_KEY_ID, SECRET_ACCESS_KEY
    backend.access_keys[ACCESS_KEY_ID] = key


def _forget(company: Company) -> None:
    from moto.iam.models import iam_backends  # noqa: PLC0415
    from moto.organizations.models import organizations_backends  # noqa: PLC0415

    organizations_backends.master_accounts.clear()
    for account in company.accounts:
        organizations_backends.pop(account.id, None)
        iam_backends.pop(account.id, None)
