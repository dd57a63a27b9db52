"""States of leads."""

RECEIVED, FETCHING, PARKED = "received", "fetching", "parked"
DONE, DUPLICATE, INVALID, TEST = "done", "duplicate", "invalid", "test"
FAILED, GONE, ERASED = "failed", "gone", "erased"

STATES = {
    RECEIVED: "It is stored, and its workflow has started.",
    FETCHING: "It is being fetched from its provider, or will be, as the provider asked to wait.",
    PARKED: "It waits for its source, whose access has to be mended.",
    DONE: "Its contact has it, and all that the source asks for was begun.",
    DUPLICATE: "The same person had sent the same form before: nothing was begun or sent again.",
    INVALID: "No contact can be made of it: a corrected mapping and a replay may help.",
    TEST: "It is a test: nobody was made a contact, nothing was sent.",
    FAILED: "Something failed here: a replay begins it anew.",
    GONE: "Its provider has it no more.",
    ERASED: "What it held of a person was deleted as somebody asked for it.",
}
"""By state, what it means."""

ENDED = frozenset((DONE, DUPLICATE, INVALID, TEST, FAILED, GONE, ERASED))
