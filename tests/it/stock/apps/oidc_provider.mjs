// An issuer made with `oidc-provider`, as its documentation shows: another one than Cellgate.
//
//   node oidc_provider.mjs PORT
//
// The client `robot` gets access tokens for itself: JWTs (RFC 9068) for the resource urn:api:jwt,
// opaque ones for urn:api:opaque. The client `cellgate` may ask what they are.
import { generateKeyPairSync } from 'node:crypto';

import { Provider } from 'oidc-provider';

const [port] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const key = { ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig', kid: 'issuer-1' };

const client = (id, grantTypes) => ({
  client_id: id,
  client_secret: `${id}-secret`,
  grant_types: grantTypes,
  response_types: [],
  redirect_uris: [],
  id_token_signed_response_alg: 'ES256',
});

const provider = new Provider(issuer, {
  clients: [client('robot', ['client_credentials']), client('cellgate', [])],
  jwks: { keys: [key] },
  scopes: ['read'],
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    introspection: { enabled: true },
    revocation: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_ctx, resource) => ({
        scope: 'read',
        audience: 'api',
        accessTokenFormat: resource === 'urn:api:jwt' ? 'jwt' : 'opaque',
        jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
});

provider.listen(Number(port), '127.0.0.1', () => console.log('listening'));
