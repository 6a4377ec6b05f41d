"""Signs in, calls the API, refreshes and signs out with requests-oauthlib.

GATEPOST_LOGIN=ann@example.com GATEPOST_PASSWORD=... python with_requests_oauthlib.py
"""

import os

import requests
from oauthlib.oauth2 import LegacyApplicationClient
from requests_oauthlib import OAuth2Session

ORIGIN = os.environ.get("GATEPOST_ORIGIN", "http://localhost:8787")
TOKEN_URL = f"{ORIGIN}/oauth/token"
CLIENT_ID = "python-example"  # Any name. Clients are public: they have no secret.

if ORIGIN.startswith("http://localhost:"):
    os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"  # oauthlib refuses http otherwise


def keep(token):
    """Store the new refresh token: the former one is used up."""
    print("refreshed")
    session.token = token


session = OAuth2Session(
    client=LegacyApplicationClient(client_id=CLIENT_ID),
    auto_refresh_url=TOKEN_URL,
    auto_refresh_kwargs={"client_id": CLIENT_ID},  # RFC 6749 §6: it names itself again
    token_updater=keep,
)
session.fetch_token(
    TOKEN_URL,
    username=os.environ["GATEPOST_LOGIN"],
    password=os.environ["GATEPOST_PASSWORD"],
    include_client_id=True,  # in the form; the default is HTTP Basic with an empty secret
)
me = session.get(f"{ORIGIN}/api/users/me").json()
print("signed in as", me["username"])

# As after 15 minutes: the next request refreshes first.
session.token = {**session.token, "expires_at": 1}
post = session.post(f"{ORIGIN}/api/posts", json={"title": "From Python", "content": "Hello."})
post.raise_for_status()
print("posted", post.json()["title"])

# RFC 7009: ends the session.
requests.post(f"{ORIGIN}/oauth/revoke", data={"token": session.token["refresh_token"]})
headers = {"Authorization": f"Bearer {session.token['access_token']}"}
print("after signing out:", requests.get(f"{ORIGIN}/api/users/me", headers=headers).status_code)
