/**
 * What a port's change means to what is above it. The resources above register themselves here, so that ports need not know
 * them: floating IPs and forwardings import ports, never the other way round.
 */
import type { port } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import type { Context } from './context.ts';

/** What the resources above ports do when a port changes. All run in the transaction of the change. */
export interface PortHooks {
  /** These addresses have left the port: forwardings to them go. */
  releaseForwardings(c: Context, row: Row<typeof port>, goneIps: readonly string[]): Promise<void>;
  /** The port is about to be deleted: floating IPs that stand for it are disassociated. */
  releasePort(c: Context, row: Row<typeof port>): Promise<void>;
}

const registered: Partial<PortHooks> = {};

/** Registers what is to be done; called once by the module of each resource above ports. */
export function onPortChange(hooks: Partial<PortHooks>): void {
  Object.assign(registered, hooks);
}

/** Runs `releaseForwardings`. */
export async function releaseForwardings(c: Context, row: Row<typeof port>, goneIps: readonly string[]): Promise<void> {
  if (goneIps.length > 0) await registered.releaseForwardings?.(c, row, goneIps);
}

/** Runs `releasePort`. */
export async function releasePort(c: Context, row: Row<typeof port>): Promise<void> {
  await registered.releasePort?.(c, row);
}
