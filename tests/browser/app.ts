// The script of a front end of others, as its team would write it: a library does the protocol, and no password is ever here.

import * as oauth from "oauth4webapi";

const settings: { issuer: string; client: string } = await (await fetch("/settings.json")).json();
const here = new URL("/", location.href);
const issuer = new URL(settings.issuer);
const client: oauth.Client = { client_id: settings.client };
// All of it is on this machine.
const plain = { [oauth.allowInsecureRequests]: true };
const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm: "oauth2", ...plain }));

function tell(text: string): void {
  const told = document.getElementById("told");
  if (told) told.textContent = text;
}

/** What the library throws says `error` where the server did. */
function wrong(error: unknown): void {
  tell(error instanceof oauth.ResponseBodyError || error instanceof oauth.AuthorizationResponseError ? error.error : String(error));
}

async function signIn(): Promise<void> {
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  sessionStorage.setItem("verifier", verifier);
  sessionStorage.setItem("state", state);
  const to = new URL(server.authorization_endpoint ?? "");
  to.search = new URLSearchParams({
    response_type: "code",
    client_id: client.client_id,
    redirect_uri: here.href,
    scope: "account:read units:read",
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
  }).toString();
  location.assign(to);
}

/** Who it acts for, as the API says. */
async function me(tokens: oauth.TokenEndpointResponse): Promise<void> {
  sessionStorage.setItem("refresh", tokens.refresh_token ?? "");
  const answer = await oauth.protectedResourceRequest(tokens.access_token, "GET", new URL("/api/v1/me", issuer), undefined, undefined, plain);
  const person: { full_name: string } = await answer.json();
  tell(`Xin chào ${person.full_name}`);
}

async function comeBack(): Promise<void> {
  const given = oauth.validateAuthResponse(server, client, new URL(location.href), sessionStorage.getItem("state") ?? "");
  history.replaceState(null, "", here);
  const verifier = sessionStorage.getItem("verifier") ?? "";
  const answer = await oauth.authorizationCodeGrantRequest(server, client, oauth.None(), given, here.href, verifier, plain);
  await me(await oauth.processAuthorizationCodeResponse(server, client, answer));
}

async function refresh(): Promise<void> {
  tell("");
  const token = sessionStorage.getItem("refresh") ?? "";
  const answer = await oauth.refreshTokenGrantRequest(server, client, oauth.None(), token, plain);
  await me(await oauth.processRefreshTokenResponse(server, client, answer));
}

async function leave(): Promise<void> {
  const token = sessionStorage.getItem("refresh") ?? "";
  await oauth.processRevocationResponse(await oauth.revocationRequest(server, client, oauth.None(), token, plain));
  tell("Đã thoát");
}

for (const [id, act] of Object.entries({ in: signIn, again: refresh, out: leave })) {
  document.getElementById(id)?.addEventListener("click", () => act().catch(wrong));
}
if (location.search) await comeBack().catch(wrong);
