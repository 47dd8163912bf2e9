/** The errors of any request: its form, its caller, what it may do, limits. */
import { fault } from './fault.ts';

export const extensionNotFound = fault(
  'ExtensionNotFound',
  404,
  (alias: string) => `Extension with alias ${alias} does not exist`,
  'GET /v2.0/extensions lists what is there; service_plugins in neutron.conf switches extensions on.',
);
export const notFound = fault(
  'HTTPNotFound',
  404,
  () => 'The resource could not be found.',
  'Check the path; GET /v2.0 lists what is there.',
);
export const badRequest = fault(
  'BadRequest',
  400,
  (resource: string, reason: string) => `Bad ${resource} request: ${reason}.`,
  'Correct what the sentence names.',
);
export const invalidInput = fault(
  'InvalidInput',
  400,
  (reason: string) => `Invalid input for operation: ${reason}.`,
  'Correct what the sentence names.',
);
export const malformedBody = fault(
  'HTTPBadRequest',
  400,
  (reason: string) => reason,
  'Send one JSON object whose one member is the name of the resource.',
);
export const methodNotAllowed = fault(
  'HTTPMethodNotAllowed',
  405,
  (method: string) => `The method ${method} is not allowed for this resource.`,
  'See the reference page for the methods of this path.',
);
export const unauthorized = fault(
  'Unauthorized',
  401,
  () => 'The request you have made requires authentication.',
  'Send a valid token in X-Auth-Token; tokens end after their time.',
);
export const forbidden = fault(
  'PolicyNotAuthorized',
  403,
  (rule: string) => `${rule} is disallowed by policy`,
  'Ask an administrator, or use the owning project.',
);
export const revisionMismatch = fault(
  'RevisionNumberConstraintFailed',
  412,
  (expected: number, found: number) => `Constrained to ${expected}, but current revision is ${found}`,
  'Read the row again and decide anew.',
);
export const overQuota = fault(
  'OverQuota',
  409,
  (resources: string[]) => `Quota exceeded for resources: ${JSON.stringify(resources).replaceAll('"', "'")}.`,
  'Delete what is not needed, or have an administrator raise the quota.',
);
export const projectQuotaNotFound = fault(
  'TenantQuotaNotFound',
  404,
  (projectId: string) => `Quota for tenant ${projectId} could not be found.`,
  'Nothing is to be done: the project has the defaults.',
);
export const busy = fault('ServiceUnavailable', 503, (what: string) => `${what} is busy.`, 'Try again.');
