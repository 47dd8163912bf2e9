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
