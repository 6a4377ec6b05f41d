"""Signs in, calls the API, refreshes and signs out with Authlib.

GATEPOST_LOGIN=ann@example.com GATEPOST_PASSWORD=... python with_authlib.py
"""

import os

from authlib.integrations.requests_client import OAuth2Session

ORIGIN = os.environ.get("GATEPOST_ORIGIN", "http://localhost:8787")
TOKEN_URL = f"{ORIGIN}/oauth/token"


def keep(token, refresh_token=None, access_token=None):
    """Store the new refresh token: the former one is used up."""
    print("refreshed")


session = OAuth2Session(
    client_id="python-example",  # Any name. Clients are public: they have no secret.
    token_endpoint_auth_method="none",
    token_endpoint=TOKEN_URL,
    revocation_endpoint_auth_method="none",
    update_token=keep,
)
session.fetch_token(
    TOKEN_URL,
    username=os.environ["GATEPOST_LOGIN"],
    password=os.environ["GATEPOST_PASSWORD"],
)
me = session.get(f"{ORIGIN}/api/users/me").json()
print("signed in as", me["username"])

session.token["expires_at"] = 1  # As after 15 minutes: the next request refreshes first.
post = session.post(f"{ORIGIN}/api/posts", json={"title": "From Python", "content": "Hello."})
post.raise_for_status()
print("posted", post.json()["title"])

# RFC 7009: ends the session.
access_token = session.token["access_token"]
session.revoke_token(f"{ORIGIN}/oauth/revoke", token=session.token["refresh_token"])
print("after signing out:", session.get(f"{ORIGIN}/api/users/me").status_code)
