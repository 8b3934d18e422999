// A program of others, and a front end of others: they get tokens, verify them with the published keys and call the API until they are
// told to stop. Libraries do the protocol, and the types of the calls come from the document. The first refusal is the end.

import { existsSync } from "node:fs";
import { createRemoteJWKSet, jwtVerify } from "jose";
import * as oauth from "openid-client";
import createClient, { type Client } from "openapi-fetch";
import type { paths } from "./api.js";
import { Browser } from "./browser.js";

type Api = Client<paths>;

function setting(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
}

const issuer = setting("ISSUER");
const instances = setting("INSTANCES").split(" ");
const kids = new Set<string>();
let calls = 0;

/** What an answer holds; a refusal is an error that says which. */
async function told<T>(answer: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await answer;
  calls += 1;
  if (data === undefined || !response.ok) {
    throw new Error(`${response.url}: ${response.status} ${JSON.stringify(error)}`);
  }
  return data;
}

// RFC 8414, over plain HTTP because all of it is on this machine.
const here = { algorithm: "oauth2" as const, execute: [oauth.allowInsecureRequests] };
const service = await oauth.discovery(new URL(issuer), setting("CLIENT_ID"), undefined, oauth.ClientSecretBasic(setting("CLIENT_SECRET")), here);
const frontEnd = await oauth.discovery(new URL(issuer), setting("APP_ID"), undefined, oauth.None(), here);
const published = createRemoteJWKSet(new URL(service.serverMetadata().jwks_uri ?? ""));

/** Verifies a token as RFC 9068 asks: signature, issuer, audience, time, type. */
async function verified(token: string): Promise<void> {
  const { protectedHeader, payload } = await jwtVerify(token, published, {
    issuer,
    audience: "tiendo",
    typ: "at+jwt",
    algorithms: ["ES256"],
    requiredClaims: ["exp", "iat", "sub", "jti", "client_id", "scope"],
  });
  if (!protectedHeader.kid) throw new Error(`a token without kid: ${JSON.stringify(payload)}`);
  kids.add(protectedHeader.kid);
}

/** What another signed is refused: that the verifier verifies at all. */
async function refuses(token: string): Promise<void> {
  const [header = "", claims = "", signature = ""] = token.split(".");
  const other = signature.startsWith("A") ? "B" : "A";
  const outcome = await jwtVerify(`${header}.${claims}.${other}${signature.slice(1)}`, published).catch((error) => error.code);
  if (outcome !== "ERR_JWS_SIGNATURE_VERIFICATION_FAILED") throw new Error("a forged token was taken");
}

function api(token: string, instance: string): Api {
  return createClient<paths>({ baseUrl: instance, headers: { Authorization: `Bearer ${token}`, "Accept-Language": "en" } });
}

/** What a data warehouse does: figures, results, and the changes since it asked last. */
async function work(api: Api, after: number): Promise<number> {
  const indicators = await told(api.GET("/api/v1/indicators", { params: { query: { limit: 5 } } }));
  const indicator = indicators.data[0];
  if (!indicator) throw new Error("there are no indicators");
  const results = await told(api.GET("/api/v1/indicators/{indicator}/results", {
    params: { path: { indicator: indicator.code }, query: { year: 2024 } },
  }));
  if (results.data.length === 0) throw new Error(`${indicator.code} has no results`);
  const first = await told(api.GET("/api/v1/units", { params: { query: { limit: 2, sort: "name" } } }));
  if (first.page.next === null) throw new Error("there are more units than two");
  const second = await told(api.GET("/api/v1/units", { params: { query: { limit: 2, sort: "name", cursor: first.page.next } } }));
  const unit = second.data[0];
  if (!unit || first.data.some((other) => other.id === unit.id)) throw new Error("the second page is the first");
  await told(api.POST("/api/v1/indicator-values/validate", {
    body: { rows: [{ indicator: "MN03", unit: "MN-DB-001", period: "2025-2026-START", numerator: 11, denominator: 12 }] },
  }));
  const changes = await told(api.GET("/api/v1/changes", { params: { query: { after, limit: 50 } } }));
  return changes.last;
}

/** The way of a person to a front end: our pages, consent, and back with a code that PKCE ties to who asked. */
async function signIn(): Promise<oauth.TokenEndpointResponse> {
  const verifier = oauth.randomPKCECodeVerifier();
  const state = oauth.randomState();
  const to = oauth.buildAuthorizationUrl(frontEnd, {
    redirect_uri: setting("APP_BACK"),
    scope: "account:read units:read",
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    state,
  });
  const back = await new Browser().goThrough(to, setting("USERNAME"), setting("PASSWORD"), setting("APP_BACK"));
  return oauth.authorizationCodeGrant(frontEnd, back, { pkceCodeVerifier: verifier, expectedState: state });
}

/** Until it is told to stop: a new token each turn, and the very first one as long as it lives. */
async function run(): Promise<number> {
  const oldest = (await oauth.clientCredentialsGrant(service)).access_token;
  await refuses(oldest);
  let session = await signIn();
  let after = 0;
  let turns = 0;
  for (; turns < 3 || !existsSync(setting("STOP")); turns += 1) {
    const instance = instances[turns % instances.length] ?? issuer;
    const { access_token } = await oauth.clientCredentialsGrant(service, { scope: "units:read indicators:read changes:read indicator-values:write" });
    await verified(access_token);
    after = await work(api(access_token, instance), after);
    await verified(oldest);
    await told(api(oldest, instance).GET("/api/v1/units/{unit}", { params: { path: { unit: "SGD" } } }));
    await verified(session.access_token);
    const me = await told(api(session.access_token, instance).GET("/api/v1/me"));
    if (me.username !== setting("USERNAME")) throw new Error(`it acts for ${me.username}`);
    if (!session.refresh_token) throw new Error("no refresh token");
    session = await oauth.refreshTokenGrant(frontEnd, session.refresh_token);
    await new Promise((next) => setTimeout(next, 250));
  }
  return turns;
}

try {
  const turns = await run();
  console.log(JSON.stringify({ turns, calls, kids: [...kids].sort() }));
} catch (error) {
  console.error("refused:", error);
  process.exitCode = 1;
}
