/**
 * The errors that a client of the Networking API can see: type, HTTP status, sentence, and what to do about it.
 *
 * Types, statuses and sentences are Neutron's where Neutron has them (neutron_lib/exceptions, neutron/…/exceptions.py);
 * clients and their users match on them. The reference page of errors is generated from this catalogue.
 */

/** One kind of error, as declared. */
export interface FaultKind<A extends unknown[]> {
  readonly type: string;
  readonly status: number;
  readonly sentence: (...args: A) => string;
  /** What the reader of the error does next. */
  readonly remedy: string;
}

/** An error that goes to the client as it is. Anything else that is thrown is a 500 without detail. */
export class Fault extends Error {
  readonly type: string;
  readonly status: number;
  readonly detail: string;
  constructor(type: string, status: number, message: string, detail = '') {
    super(message);
    this.type = type;
    this.status = status;
    this.detail = detail;
  }
}

/** The catalogue, filled by `fault`, in the order of declaration. */
export const faultKinds: FaultKind<never[]>[] = [];

/** Declares a kind of error and returns what makes one: `throw networkNotFound(id)`. */
export function fault<A extends unknown[]>(
  type: string,
  status: number,
  sentence: (...args: A) => string,
  remedy: string,
): (...args: A) => Fault {
  faultKinds.push({ type, status, sentence, remedy } as unknown as FaultKind<never[]>);
  return (...args) => new Fault(type, status, sentence(...args));
}

const lookUp = 'Check the id; a row of another project cannot be seen.';

// What is asked for does not exist, or must not be known to exist.
export const networkNotFound = fault(
  'NetworkNotFound',
  404,
  (id: string) => `Network ${id} could not be found.`,
  lookUp,
);
export const subnetNotFound = fault('SubnetNotFound', 404, (id: string) => `Subnet ${id} could not be found.`, lookUp);
export const portNotFound = fault('PortNotFound', 404, (id: string) => `Port ${id} could not be found.`, lookUp);
export const routerNotFound = fault('RouterNotFound', 404, (id: string) => `Router ${id} could not be found`, lookUp);
export const floatingIpNotFound = fault(
  'FloatingIPNotFound',
  404,
  (id: string) => `Floating IP ${id} could not be found`,
  lookUp,
);
export const portForwardingNotFound = fault(
  'PortForwardingNotFound',
  404,
  (id: string) => `Port Forwarding ${id} could not be found.`,
  'Check both ids; the forwarding may be of another floating IP.',
);
export const securityGroupNotFound = fault(
  'SecurityGroupNotFound',
  404,
  (id: string) => `Security group ${id} does not exist`,
  lookUp,
);
export const securityGroupRuleNotFound = fault(
  'SecurityGroupRuleNotFound',
  404,
  (id: string) => `Security group rule ${id} does not exist`,
  lookUp,
);
export const agentNotFound = fault('AgentNotFound', 404, (id: string) => `Agent ${id} could not be found.`, lookUp);
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

// The request is not of the form.
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
export const busy = fault('ServiceUnavailable', 503, (what: string) => `${what} is busy.`, 'Try again.');
