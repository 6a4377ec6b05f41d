/** The passkeys of the caller. */
import { endpoint, json, jsonBody, noContent, nothing } from '../../http/endpoint'
import { logSecurity } from '../../http/log'
import { mailLater } from '../../http/mail'
import { problem, problems } from '../../http/problem'
import { passkeyRemoved } from '../../mail/texts'
import { FRESH } from '../step-up'
import {
  confirmationPurpose,
  creationOptions,
  registrationPurpose,
  requestOptions,
} from './options'
import { registerPasskey } from './registration'
import {
  CreationOptions,
  Passkey,
  PasskeyChange,
  PasskeyIdParam,
  PasskeyList,
  PasskeyRegistration,
  RegisteredPasskey,
  RequestOptions,
  viewPasskey,
} from './schemas'
import { listPasskeys, removePasskey, renamePasskey } from './store'

const createPasskeyOptions = endpoint(
  {
    method: 'post',
    path: '/api/users/me/passkeys/options',
    operationId: 'createPasskeyOptions',
    summary: 'Options for navigator.credentials.create(), to add a passkey',
    tags: ['factors'],
    access: 'account',
    stepUp: FRESH,
    limit: 'write',
    responses: {
      200: json(CreationOptions, 'Options with a new challenge, for this session'),
      ...problems('email-not-verified'),
    },
  },
  async (c) => {
    const { actor } = c.var
    const { owner, rows } = await listPasskeys(actor)
    if (!owner.emailVerified) return problem(c, 'email-not-verified')
    const purpose = registrationPurpose(actor.caller)
    return c.json(await creationOptions(actor, purpose, owner, rows), 200)
  },
)

const addPasskey = endpoint(
  {
    method: 'post',
    path: '/api/users/me/passkeys',
    operationId: 'addPasskey',
    summary: 'Add a passkey; every other session ends',
    description:
      'The first second factor of an account brings ten recovery codes. This response shows them once.',
    tags: ['factors'],
    access: 'account',
    stepUp: FRESH,
    limit: 'write',
    request: { body: jsonBody(PasskeyRegistration) },
    responses: {
      201: json(RegisteredPasskey, 'Added'),
      ...problems(
        'email-not-verified',
        'passkey-registration-rejected',
        'passkey-taken',
        'too-many-passkeys',
      ),
    },
  },
  async (c) => {
    const { credential, name } = c.req.valid('json')
    const result = await registerPasskey(c, credential, name)
    switch (result.kind) {
      case 'added':
        return c.json(result.passkey, 201, {
          Location: `/api/users/me/passkeys/${result.passkey.id}`,
        })
      case 'rejected':
        return problem(c, 'passkey-registration-rejected', { detail: result.detail })
      case 'taken':
        return problem(c, 'passkey-taken')
      case 'too-many':
        return problem(c, 'too-many-passkeys')
      case 'unproven':
        return problem(c, 'email-not-verified')
    }
  },
)

const readPasskeys = endpoint(
  {
    method: 'get',
    path: '/api/users/me/passkeys',
    operationId: 'readPasskeys',
    summary: 'My passkeys',
    tags: ['factors'],
    access: 'account',
    responses: { 200: json(PasskeyList, 'All passkeys, oldest first') },
  },
  async (c) => {
    const { actor } = c.var
    const { passkeyRpId: rpId } = actor.settings
    const { owner, rows } = await listPasskeys(actor)
    return c.json(
      {
        passkeys: rows.map((row) => viewPasskey(row, rpId)),
        rp_id: rpId,
        user_handle: owner.handle,
        next_cursor: null,
      },
      200,
    )
  },
)

const changePasskey = endpoint(
  {
    method: 'patch',
    path: '/api/users/me/passkeys/{id}',
    operationId: 'changePasskey',
    summary: 'Rename one of my passkeys',
    tags: ['factors'],
    access: 'account',
    limit: 'write',
    request: { params: PasskeyIdParam, body: jsonBody(PasskeyChange) },
    responses: { 200: json(Passkey, 'Renamed'), ...problems('passkey-not-found') },
  },
  async (c) => {
    const { actor } = c.var
    const { id } = c.req.valid('param')
    const row = await renamePasskey(actor, id, c.req.valid('json').name)
    if (!row) return problem(c, 'passkey-not-found')
    return c.json(viewPasskey(row, actor.settings.passkeyRpId), 200)
  },
)

const deletePasskey = endpoint(
  {
    method: 'delete',
    path: '/api/users/me/passkeys/{id}',
    operationId: 'deletePasskey',
    summary: 'Remove one of my passkeys; every other session ends',
    description:
      'The authenticator keeps its copy: pass the ids of the remaining passkeys to `PublicKeyCredential.signalAllAcceptedCredentials()`.',
    tags: ['factors'],
    access: 'account',
    stepUp: FRESH,
    limit: 'write',
    request: { params: PasskeyIdParam },
    responses: { 204: nothing('Removed'), ...problems('passkey-not-found', 'last-way-in') },
  },
  async (c) => {
    const { actor, settings } = c.var
    const result = await removePasskey(actor, c.req.valid('param').id)
    switch (result.kind) {
      case 'not-found':
        return problem(c, 'passkey-not-found')
      case 'last-way-in':
        return problem(c, 'last-way-in')
      case 'removed':
        logSecurity(c, 'passkey_removed', actor.caller.userId, actor.caller.sessionId)
        if (result.mayNotify) mailLater(c, passkeyRemoved(settings.appOrigin, result.owner))
        return noContent(c)
    }
  },
)

const createConfirmationOptions = endpoint(
  {
    method: 'post',
    path: '/api/session/confirm/options',
    operationId: 'createConfirmationOptions',
    summary: 'Options for navigator.credentials.get(), to confirm my identity with a passkey',
    description: 'Pass the result to `POST /api/session/confirm`.',
    tags: ['sessions'],
    access: 'account',
    limit: 'write',
    responses: { 200: json(RequestOptions, 'Options with a new challenge, for this session') },
  },
  async (c) => {
    const { actor } = c.var
    const { rows } = await listPasskeys(actor)
    return c.json(await requestOptions(actor, confirmationPurpose(actor.caller), rows), 200)
  },
)

export const passkeyRoutes = [
  createConfirmationOptions,
  createPasskeyOptions,
  addPasskey,
  readPasskeys,
  changePasskey,
  deletePasskey,
] as const
