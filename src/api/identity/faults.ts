/** Faults of the Identity service; the wire shows them in Keystone's form, with Keystone's sentences. */
import { fault } from '../../model/faults.ts';

/** A user, project, role … that does not exist. Clients then go on to look it up by name. */
export const identityNotFound = fault(
  'IdentityNotFound',
  404,
  (kind: string, id: string) => `Could not find ${kind}: ${id}.`,
  'Check the id; clients look the name up next.',
);

/** A request body of the Identity service that is not of the form. */
export const identityInvalid = fault(
  'IdentityValidation',
  400,
  (where: string, expected: string, found: string) =>
    `Invalid input for field '${where}': expected ${expected}, found ${found}.`,
  'Correct what the sentence names.',
);

/** What a caller without the role may not do. */
export const identityForbidden = fault(
  'IdentityForbidden',
  403,
  (action: string) => `You are not authorized to perform the requested action: ${action}.`,
  'Ask an administrator.',
);

/** Two things with one name. */
export const identityConflict = fault(
  'IdentityConflict',
  409,
  (kind: string, name: string) =>
    `Conflict occurred attempting to store ${kind} - Duplicate entry found with name ${name}.`,
  'Choose another name.',
);

/** A way to log in that there is not, or several at once. */
export const methodNotSupported = fault(
  'IdentityMethodNotSupported',
  401,
  () => 'Attempted to authenticate with an unsupported method.',
  'Log in by one of password, token, application_credential.',
);

/** What Keystone has and the embedded Identity has not. */
export const identityNotImplemented = fault(
  'IdentityNotImplemented',
  501,
  () => 'The action you have requested has not been implemented.',
  'The embedded Identity has one domain and no groups; where they are needed, use a Keystone by [keystone_authtoken].',
);

/** An application credential that cannot be as it is asked for. */
export const credentialInvalid = fault(
  'IdentityApplicationCredentialInvalid',
  400,
  (detail: string) => `Invalid application credential: ${detail}`,
  'Correct what the sentence names.',
);

/** More application credentials than a user may have. */
export const credentialLimit = fault(
  'IdentityApplicationCredentialLimit',
  403,
  (limit: number) =>
    `Unable to create additional application credentials, maximum of ${limit} already exceeded for user.`,
  'Delete some that are not in use.',
);

/** A user who may not change their own password. */
export const passwordLocked = fault(
  'IdentityPasswordLocked',
  403,
  () => 'You are not authorized to perform the requested action: the password of this user is locked.',
  'Ask an administrator.',
);

/** The Keystone that knows the tokens cannot be asked. */
export const keystoneAway = fault(
  'KeystoneUnavailable',
  503,
  () => 'The Keystone service is temporarily unavailable.',
  "Try again; the server's log says why it cannot be reached.",
);
