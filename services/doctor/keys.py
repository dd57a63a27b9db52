"""The key ring: whether it opens what is stored, and which keys may go."""

from collections import Counter

from domain.keyring import CREDENTIALS, Keyring
from services.doctor.findings import Finding, failure, ok, warning
from store.doctor import server
from store.pool import Pool


async def check_keys(pool: Pool, keys: str) -> list[Finding]:
    """Compare the ring with what secrets were sealed with."""
    try:
        ring = Keyring.parse(keys, CREDENTIALS)
    except ValueError as error:
        text = f"the key ring cannot be used: {error}"
        return [failure("keys", text, "set XSENDER_KEYS to the ring of this install")]
    used: Counter[str] = Counter()
    findings = []
    for table, counts in (await server.key_ids(pool)).items():
        used.update(counts)
        if lost := sorted(counts.keys() - ring.ciphers.keys()):
            number = sum(counts[key_id] for key_id in lost)
            text = f"{number} secrets in {table} were sealed with {', '.join(map(repr, lost))}, which the ring has not"
            findings.append(failure("keys", text, "add these keys to XSENDER_KEYS again, or set these secrets anew"))
    if findings:
        return findings
    former = sum(count for key_id, count in used.items() if key_id != ring.current)
    if former:
        text = f"{former} secrets are sealed with former keys"
        return [warning("keys", text, "xsender keyring rotate; xsender keyring status says when former keys may go")]
    return [ok("keys", f"the ring opens all secrets; {len(used) or 1} of its {len(ring.ciphers)} keys are in use")]
