// A web application that signs its users in with `openid-client`, as its documentation shows.
//
//   node openid_client.mjs ISSUER PORT API
//
// Answers /sign-in, /callback, /refresh and /sign-out at 127.0.0.1:PORT; one user at a time.
import { createServer } from 'node:http';
import { webcrypto } from 'node:crypto';

import * as client from 'openid-client';

// Node 18 has it under another name only.
globalThis.crypto ??= webcrypto;

const [issuer, port, api] = process.argv.slice(2);
const home = `http://127.0.0.1:${port}/`;
const callback = new URL('callback', home);
// The test's provider is on a loopback address without TLS.
const config = await client.discovery(new URL(issuer), 'demo-app', undefined, client.None(), {
  execute: [client.allowInsecureRequests],
});
let pending;
let tokens;

async function signIn() {
  pending = {
    pkceCodeVerifier: client.randomPKCECodeVerifier(),
    expectedState: client.randomState(),
    expectedNonce: client.randomNonce(),
  };
  return client.buildAuthorizationUrl(config, {
    redirect_uri: callback.href,
    scope: 'openid profile email offline_access demo.read',
    code_challenge: await client.calculatePKCECodeChallenge(pending.pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: pending.expectedState,
    nonce: pending.expectedNonce,
  });
}

async function report() {
  const { sub } = tokens.claims();
  const user = await client.fetchUserInfo(config, tokens.access_token, sub);
  const answer = await client.fetchProtectedResource(
    config, tokens.access_token, new URL(api), 'GET');
  return { sub, email: user.email, api: answer.status, access_token: tokens.access_token };
}

createServer(async (request, response) => {
  const url = new URL(request.url, home);
  const redirect = (to) => response.writeHead(303, { location: to.href }).end();
  const show = (value) => response
    .writeHead(200, { 'content-type': 'application/json' })
    .end(JSON.stringify(value));
  try {
    switch (url.pathname) {
      case '/sign-in':
        return redirect(await signIn());
      case '/callback':
        tokens = await client.authorizationCodeGrant(config, url, pending);
        return show(await report());
      case '/refresh': {
        const { refresh_token: old, id_token: first } = tokens;
        const fresh = await client.refreshTokenGrant(config, old);
        tokens = fresh.id_token ? fresh : Object.assign(fresh, { id_token: first });
        return show(await report());
      }
      case '/sign-out':
        return redirect(client.buildEndSessionUrl(config, {
          id_token_hint: tokens.id_token,
          post_logout_redirect_uri: home,
        }));
      default:
        return show({});
    }
  } catch (error) {
    const cause = error.cause ? `: ${error.cause.message ?? JSON.stringify(error.cause)}` : '';
    return response.writeHead(500).end(`${error}${cause}`);
  }
}).listen(Number(port), '127.0.0.1', () => console.log(home));
