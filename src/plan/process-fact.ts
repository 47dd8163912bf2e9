/** Daemons, and what is theirs. */
import type { Namespace } from './facts.ts';

/** A daemon that Neutrino runs. It outlives the agent. */
export interface ProcessFact {
  readonly fact: 'process';
  /** For example dnsmasq/<network id>. */
  readonly name: string;
  readonly namespace: Namespace;
  /** The program and its arguments; the program daemonises itself and writes `pidFile`. */
  readonly argv: readonly string[];
  readonly pidFile: string;
  /** A digest of what it read at its start: when it changes, the process is started anew. */
  readonly restartOn: string;
  /** A digest of what it reads again on SIGHUP: when it changes, it gets the signal. */
  readonly reloadOn: string;
  /** Paths that the program writes itself (leases): they survive a restart and go with the step that removes the process. */
  readonly ownFiles?: readonly string[];
  /** The leases that dnsmasq gives; left out: the program gives none. */
  readonly leases?: LeasesOf;
}

/**
 * The leases of a dnsmasq: those that stand in its file of hosts, and no others. Before it starts, the hosts that have none are given
 * one, so that it knows the clients of another server that is gone; while it runs, the leases of hosts that are gone are released, so
 * that their addresses can be given out again at once.
 */
export interface LeasesOf {
  readonly file: string;
  readonly hostsFile: string;
  /** The device that it serves. */
  readonly device: string;
  /** How long a lease holds; below 0: for ever. */
  readonly seconds: number;
  /** Only in what was observed: the addresses of leases that are to be released. */
  readonly strangers?: readonly string[];
}
