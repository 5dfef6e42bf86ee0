// An issuer made with `oidc-provider`, as its documentation shows: another one than Cellgate.
//
//   node oidc_provider.mjs PORT [APPLICATION [JWKS]]
//
// The client `robot` gets access tokens for itself: JWTs (RFC 9068) for the resource urn:api:jwt,
// opaque ones for urn:api:opaque. The client `cellgate` may ask what they are. Users, whoever they say
// they are, sign in by the client `intranet` to what is at APPLICATION, which has a secret, or one of the
// keys of JWKS.
import { generateKeyPairSync } from 'node:crypto';

import { Provider } from 'oidc-provider';

const [port, application, jwks] = process.argv.slice(2);
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

const intranet = {
  ...client('intranet', ['authorization_code', 'refresh_token']),
  response_types: ['code'],
  redirect_uris: [`${application}/.cellgate/callback`],
  post_logout_redirect_uris: [`${application}/.cellgate/signed-out`],
  ...(jwks && {
    client_secret: undefined,
    token_endpoint_auth_method: 'private_key_jwt',
    jwks: JSON.parse(jwks),
  }),
};

const provider = new Provider(issuer, {
  clients: [
    client('robot', ['client_credentials']),
    client('cellgate', []),
    ...(application ? [intranet] : []),
  ],
  findAccount: (_ctx, id) => ({
    accountId: id,
    claims: () => ({ sub: id, groups: ['staff'] }),
  }),
  claims: { openid: ['sub'], profile: ['groups'] },
  issueRefreshToken: () => true,
  jwks: { keys: [key] },
  scopes: ['read'],
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: Boolean(application) },
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
