/** What a call over HTTP can fail with. */

/**
 * A call failed. `status` is the HTTP status, or 0 where no answer came; `type` is `NeutronError.type` where the answer is one, and
 * otherwise `ConnectionFailed`, `DeadlineExceeded`, `Cancelled`, `InvalidResponse` or `HTTP<status>`.
 */
export class ClientError extends Error {
  readonly status: number;
  readonly type: string;
  /** What was called: method and URL without query. */
  readonly call: string;
  readonly detail: string;
  constructor(call: string, status: number, type: string, message: string, detail = '', options?: ErrorOptions) {
    super(message, options);
    this.name = 'ClientError';
    this.call = call;
    this.status = status;
    this.type = type;
    this.detail = detail;
  }
}

const object = (value: unknown): Record<string, unknown> | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;

/**
 * The error that an answer with a status from 400 on is: `{"NeutronError": {type, message, detail}}` of the Networking API,
 * `{"error": {title, message}}` of Identity, or whatever text came.
 */
export function errorOfAnswer(call: string, status: number, text: string): ClientError {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    body = undefined;
  }
  const neutron = object(object(body)?.NeutronError) ?? object(object(body)?.error);
  if (neutron) {
    const type = String(neutron.type ?? neutron.title ?? `HTTP${status}`);
    return new ClientError(call, status, type, String(neutron.message ?? type), String(neutron.detail ?? ''));
  }
  const plain = object(body)?.NeutronError ?? object(body)?.message ?? text.slice(0, 200).trim();
  return new ClientError(call, status, `HTTP${status}`, String(plain) || `${call} answered ${status}`);
}
