"""``xsender staff``: who may administrate over HTTP."""

from typing import Annotated

import typer

from cli.options import AsJson, read_password
from cli.output import emit
from cli.session import Session, run, run_change

app = typer.Typer(help="People who administrate over HTTP, each with a role.", no_args_is_help=True)

StaffId = Annotated[int, typer.Argument(metavar="STAFF_ID", min=1, help="As 'xsender staff list' shows it.")]
Role = Annotated[str, typer.Option("--role", help="As 'xsender role list' shows it.")]

_PAGE = 200


@app.command()
def add(
    email: Annotated[str, typer.Option("--email")],
    name: Annotated[str, typer.Option("--name")],
    role: Role,
    as_json: AsJson = False,
) -> None:
    """Add a member of staff. Then invite it, or make a key for it: xsender key create --staff ID."""
    from services.access.staff import add_member

    emit(run_change("staff.added", lambda made: add_member(made, email, name, role, None)), as_json)


@app.command("list")
def list_staff(as_json: AsJson = False) -> None:
    """List the staff, the newest first."""
    from store.access import staff

    async def work(session: Session) -> list[staff.Member]:
        found: list[staff.Member] = []
        while more := await staff.page(session.pool, found[-1].id if found else 2**63 - 1, _PAGE):
            found += more
        return found

    emit(run(work), as_json)


@app.command("set-role")
def set_role(member: StaffId, role: Role, as_json: AsJson = False) -> None:
    """Give a member of staff another role, from the next request on."""
    from services.access.staff import change_member

    emit(run_change("staff.updated", lambda made: change_member(made, member, {"role": role})), as_json)


@app.command()
def invite(member: StaffId, as_json: AsJson = False) -> None:
    """Print a token with which a member of staff sets a password, once: POST /api/auth/reset."""
    from cli.people import invite_person

    invite_person("staff", member, as_json)


@app.command("set-password")
def set_password(member: StaffId, as_json: AsJson = False) -> None:
    """Set a member's password, asked for or read from standard input. All its sessions end."""
    from domain.access.people import Person, PersonKind
    from services.access import passwords
    from services.access.hashing import Hashing

    password = read_password()
    person = Person(PersonKind.STAFF, member)
    run_change("password.set", lambda made: passwords.set_password(made, Hashing(), person, password))
    emit({"id": member, "password": "set"}, as_json)


@app.command("reset-totp")
def reset_totp(member: StaffId, as_json: AsJson = False) -> None:
    """Remove the second factor of a member who lost it. All its sessions end."""
    from domain.access.people import Person, PersonKind
    from services.access.second_factor import reset

    run_change("totp.reset", lambda made: reset(made, Person(PersonKind.STAFF, member)))
    emit({"id": member, "totp": "removed"}, as_json)


@app.command()
def remove(member: StaffId, as_json: AsJson = False) -> None:
    """Remove a member of staff; its keys are revoked, its sessions end."""
    from services.access.staff import remove_member

    run_change("staff.removed", lambda made: remove_member(made, member))
    emit({"id": member, "removed": True}, as_json)
