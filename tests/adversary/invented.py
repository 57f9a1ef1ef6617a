"""What an operator can add by itself: employees who are nobody, straight into the people database.

Their keys are real, because the talk site takes no roster over whose newcomers have not proved one.
"""

from random import Random
from typing import Any, Final

import psycopg

from openmai.anonymity.encoding import Domain
from openmai.anonymity.enrolment import prove_enrolment
from openmai.anonymity.fields import be32
from openmai.anonymity.prover import Prover, new_secret

_INVENTED: Final = """
    WITH person AS (
        INSERT INTO people_member (password, id, email, real_name, language, joined_on, is_active)
        VALUES ('!', gen_random_uuid(), gen_random_uuid() || '@fake.example', 'Nobody', 'en', now(), true)
        RETURNING id
    ), work AS (
        INSERT INTO people_employment (id, member_id, company_id, method, verified_on, valid_until, ended_by)
        SELECT gen_random_uuid(), person.id, c.id, 'code', now(), now() + interval '180 days', ''
        FROM person, companies_company c WHERE c.slug = %(slug)s
    )
    INSERT INTO people_enrolment
        (id, member_id, season, commitment, nullifier, proof, message, ticket, enrolled_on)
    SELECT gen_random_uuid(), id, %(season)s, %(commitment)s, %(nullifier)s, %(proof)s, %(message)s,
           %(ticket)s, now()
    FROM person
"""


def invent(
    connection: psycopg.Connection[Any], company: str, *, domain: Domain, prover: Prover, draw: Random
) -> None:
    """One more employee of `company`; `prover` has depth 1."""
    account, nonce = "nobody", draw.randbytes(32)
    commitment, proof = prove_enrolment(
        prover,
        secret=new_secret(draw.randrange),
        domain=domain,
        account=account,
        nonce=nonce,
        randbelow=draw.randrange,
    )
    row = {
        "slug": company,
        "season": domain.season,
        "commitment": be32(commitment),
        "nullifier": be32(proof.nullifier),
        "proof": proof.points,
        "message": be32(domain.enrol_message(account=account, nonce=nonce)),
        "ticket": draw.randbytes(32),
    }
    connection.execute(_INVENTED, row)
