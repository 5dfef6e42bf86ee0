// An application that checks who asks, with jose and nothing but the key set of its issuer.
//
//   verify_assertion.mjs JWKS_URI ISSUER AUDIENCE ASSERTION...

import { createRemoteJWKSet, jwtVerify } from 'jose'

const [jwksUri, issuer, audience, ...assertions] = process.argv.slice(2)

const keys = createRemoteJWKSet(new URL(jwksUri))
const checks = {
  issuer,
  audience,
  typ: 'cellgate-assertion+jwt',
  algorithms: ['ES256'],
  requiredClaims: ['sub', 'exp', 'iat'],
}
for (const assertion of assertions) {
  try {
    const { payload } = await jwtVerify(assertion, keys, checks)
    console.log('accepted', payload.sub, payload.email)
  } catch (error) {
    console.log('refused', error.code, error.message)
  }
}
