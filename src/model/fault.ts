/**
 * How the errors that a client of the Networking API can see are declared: type, HTTP status, sentence, and what to do about it.
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

/** What to do about a row that is not there. */
export const lookUp = 'Check the id; a row of another project cannot be seen.';
