"""What `webauthn` does for passkeys: the options that a browser is given, and the check of what it
brings. Nothing here asks the database.

The library takes 14 MB, and only who signs people in has use for it: `core.access.passkeys` loads
this where it is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from webauthn import (
    base64url_to_bytes,
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    bytes_to_base64url,
    parse_authentication_credential_json,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticationCredential,
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    RegistrationCredential,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

_ALGORITHMS = [
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
]
#: What reading an answer fails with that somebody made up.
MADE_UP = (
    *(WebAuthnException, UnsupportedAlgorithm),
    *(ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError),
)


@dataclass(frozen=True)
class Made:
    """A new passkey, its parts in base64url without padding."""

    raw_id: bytes
    credential_id: str
    public_key: str
    sign_count: int


def options_to_make(
    rp_id: str,
    user_handle: bytes,
    name: str,
    *,
    challenge: bytes,
    known: Sequence[str],
    verified: bool,
) -> str:
    """What a browser makes a passkey by (JSON); `known` are the ids of those that a person has."""
    options = generate_registration_options(
        rp_id=rp_id,
        rp_name="Tillwatch",
        user_id=user_handle,
        user_name=name,
        challenge=challenge,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.DISCOURAGED,
            user_verification=_verification(verified),
        ),
        exclude_credentials=_descriptors(known),
        supported_pub_key_algs=_ALGORITHMS,
    )
    return options_to_json(options)


def options_to_ask(rp_id: str, *, challenge: bytes, known: Sequence[str], verified: bool) -> str:
    """What a browser answers a challenge by (JSON)."""
    options = generate_authentication_options(
        rp_id=rp_id,
        challenge=challenge,
        allow_credentials=_descriptors(known),
        user_verification=_verification(verified),
    )
    return options_to_json(options)


def parsed_made(text: str) -> tuple[RegistrationCredential, bytes]:
    """What a browser brought of a new passkey, and the challenge that it names; one of `MADE_UP`
    for a text that is none."""
    credential = parse_registration_credential_json(text)
    return credential, parse_client_data_json(credential.response.client_data_json).challenge


def parsed_given(text: str) -> tuple[AuthenticationCredential, bytes]:
    """The same of one that is kept."""
    credential = parse_authentication_credential_json(text)
    return credential, parse_client_data_json(credential.response.client_data_json).challenge


def check_made(
    credential: Any, *, challenge: bytes, rp_id: str, origin: str, verified: bool
) -> Made:
    """A passkey that was made for us; one of `MADE_UP` for one that was not."""
    found = verify_registration_response(
        credential=credential,
        expected_challenge=challenge,
        expected_rp_id=rp_id,
        expected_origin=origin,
        supported_pub_key_algs=_ALGORITHMS,
        require_user_verification=verified,
    )
    return Made(
        found.credential_id,
        bytes_to_base64url(found.credential_id),
        bytes_to_base64url(found.credential_public_key),
        found.sign_count,
    )


def check_given(
    credential: Any,
    *,
    challenge: bytes,
    rp_id: str,
    origin: str,
    public_key: str,
    sign_count: int,
    verified: bool,
) -> int:
    """What the passkey has counted to now; one of `MADE_UP` for an answer that is not its own."""
    found = verify_authentication_response(
        credential=credential,
        expected_challenge=challenge,
        expected_rp_id=rp_id,
        expected_origin=origin,
        credential_public_key=base64url_to_bytes(public_key),
        credential_current_sign_count=sign_count,
        require_user_verification=verified,
    )
    return found.new_sign_count


def _verification(required: bool) -> UserVerificationRequirement:
    kinds = UserVerificationRequirement
    return kinds.REQUIRED if required else kinds.PREFERRED


def _descriptors(known: Sequence[str]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=base64url_to_bytes(one)) for one in known]
