/** Faults of the wire: what is wrong with a request before any operation sees it. Sentences are Neutron's where it has them. */
import { type Fault, fault, malformedBody } from '../model/faults.ts';
import type { Problem } from '../model/types.ts';

/** A body that is too large. */
export const bodyTooLarge = fault(
  'HTTPRequestEntityTooLarge',
  413,
  (limit: number) => `The request body is larger than ${limit} bytes.`,
  'Send fewer objects at a time.',
);

/** A URL that is too long. */
export const urlTooLong = fault(
  'HTTPRequestURITooLong',
  414,
  (limit: number) => `The URL is longer than ${limit} bytes.`,
  'Send fewer filters at a time.',
);

/** A body in a form that is not JSON. */
export const unsupportedMediaType = fault(
  'HTTPUnsupportedMediaType',
  415,
  (type: string) => `The content type ${type} is not supported; expected application/json.`,
  'Send JSON with Content-Type: application/json.',
);

/** A tag that the row does not have. */
export const tagNotFound = fault(
  'TagNotFound',
  404,
  (tag: string) => `Tag ${tag} could not be found.`,
  'GET …/tags lists the tags.',
);

/** Two rows with one key, where no operation said it better. */
export const rowExists = fault(
  'Conflict',
  409,
  (record: string, columns: string) => `Another ${record} with the same ${columns} exists.`,
  'Choose another value, or use the row that is there.',
);

/** A row that others refer to, where no operation said it better. */
export const rowInUse = fault(
  'InUse',
  409,
  (record: string) => `The ${record} refers to a row that is gone, or is still in use.`,
  'Look at what refers to it, and try again.',
);

/** Whatever the server did not expect. */
export const internalError = fault(
  'HTTPInternalServerError',
  500,
  () => 'Request Failed: internal server error while processing your request.',
  "Look into the server's log by the request id in X-Openstack-Request-Id.",
);

/** A field's value that its type refuses: where, what was expected, what was found. */
export function invalidField(name: string, problem: Problem): Fault {
  const where = `${name}${problem.path}`;
  return malformedBody(`Invalid input for ${where}. Reason: expected ${problem.expected}, found ${problem.found}.`);
}
