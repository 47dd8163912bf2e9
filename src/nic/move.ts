/** Plans a move and has it done: what the commands call. */
import { randomBytes } from 'node:crypto';
import { dirname } from 'node:path';
import { installBootHook } from './boot-hook.ts';
import { gatewaysBy, planChecks } from './checks.ts';
import { deviceOf } from './decide/carry.ts';
import { checkFindings, holderOf, refusals, warnings } from './decide/findings.ts';
import { halfDone } from './decide/half.ts';
import { ends, forwardSteps, isPort, type NicStep } from './decide/steps.ts';
import { routeDevices, ruleNames, wordAfter } from './decide/words.ts';
import { findClients } from './dhcp.ts';
import { follow, forgetRequest, startGuard } from './guard.ts';
import { readAdoption, writeJournal } from './journal.ts';
import { planPersistence, toldByFiles } from './persist.ts';
import { takeSnapshot } from './read.ts';
import { lookAround } from './survey.ts';
import type { Checks, Finding, Journal, Move, NicDriver, Snapshot, Supplement } from './types.ts';

/** What a person asks for. */
export interface MoveRequest {
  readonly kind: 'adopt' | 'release';
  /** Adopt: take up what was begun by hand. */
  readonly repair?: boolean;
  /** Adopt: the NIC; release: found by the journal or the bridge's only port when absent. */
  readonly nic: string;
  readonly bridge: string;
  /** Absent: what the bridge is already, else a Linux bridge. */
  readonly driver: NicDriver | undefined;
  readonly datapath: string | undefined;
  readonly timeoutSeconds: number;
  readonly check: boolean;
  readonly tcp: readonly string[];
  readonly autoConfirm: boolean;
}

/** A plan: what would be done, and what speaks against it. */
export interface MovePlan {
  readonly journal: Journal;
  readonly steps: readonly NicStep[];
  /** The move is done already. */
  readonly done: boolean;
}

function moveOf(request: MoveRequest, snapshot: Snapshot, earlier: Journal | undefined): Move {
  const { kind, nic, bridge, datapath } = request;
  const driver =
    request.driver ??
    earlier?.move.driver ??
    (snapshot.ovs?.bridges[bridge] === undefined ? 'linuxbridge' : 'openvswitch');
  const there = deviceOf(snapshot, bridge) !== undefined || snapshot.ovs?.bridges[bridge] !== undefined;
  const ownBridge = kind === 'adopt' ? !there : (earlier?.move.ownBridge ?? true);
  const own = snapshot.ovs?.bridges[bridge]?.datapath ?? snapshot.ovs?.bridges['br-int']?.datapath;
  const chosen = datapath ?? own ?? 'system';
  return { kind, nic, bridge, driver, ownBridge, ...(driver === 'openvswitch' ? { datapath: chosen } : {}) };
}

/** The part of a snapshot that concerns the two devices: what the journal keeps. */
function concerning(snapshot: Snapshot, { nic, bridge }: Move): Snapshot {
  const both = [nic, bridge];
  return {
    ...snapshot,
    devices: snapshot.devices.filter(({ name }) => both.includes(name)),
    routes: snapshot.routes.filter((route) => routeDevices(route).some((device) => both.includes(device))),
    rules: snapshot.rules.filter((rule) => both.some((device) => ruleNames(rule, device))),
  };
}

/** What is checked afterwards. A move by hand may have cut the gateways off already: then those are asked that it will have again. */
async function checksOf(
  { check, repair, tcp }: MoveRequest,
  before: Snapshot,
  move: Move,
  supplement: Supplement | undefined,
): Promise<Checks> {
  if (!check) return { gateways: [], tcp };
  if (!repair) return planChecks(before, ends(move).from, tcp);
  const known = [...gatewaysBy(before, move.nic), ...gatewaysBy(before, move.bridge)];
  const supplied = (supplement?.routes ?? []).map(({ words }) => wordAfter(words, 'via') ?? '');
  return { gateways: [...new Set([...known, ...supplied])].map((address) => ({ address, ping: false })), tcp };
}

/** The one port of a bridge: what is released where no adoption names it. */
async function onlyPort(bridge: string): Promise<string> {
  const { devices, ovs } = await takeSnapshot([], true);
  const ports =
    ovs?.bridges[bridge]?.ports ?? devices.filter(({ master }) => master === bridge).map(({ name }) => name);
  return ports.length === 1 ? (ports[0] ?? '') : '';
}

/** Plans a move, changing nothing. */
export async function planMove(asked: MoveRequest, folder: string): Promise<MovePlan> {
  const earlier = await readAdoption(folder, asked.bridge);
  const nic = asked.nic || earlier?.move.nic || (await onlyPort(asked.bridge));
  const request = { ...asked, nic };
  const before = await takeSnapshot([nic, request.bridge], true);
  const move = moveOf(request, before, earlier);
  const { from } = ends(move);
  const inPlace = request.kind === 'adopt' && holderOf(before, move.nic) === move.bridge && isPort(before, move);
  const clients = await findClients(from);
  const persistence = await planPersistence(move, before, earlier, clients);
  const half = request.repair ? halfDone(before, move, await toldByFiles(before, move), persistence) : undefined;
  const done = half ? half.findings.length === 0 : inPlace;
  const checks = await checksOf(request, before, move, half?.supplement);
  const around = await lookAround(before, move, folder, persistence.manager);
  const no = done ? [] : refusals(before, move, around, request.repair === true);
  const known = deviceOf(before, move.nic) !== undefined && deviceOf(before, from) !== undefined;
  const findings: Finding[] = [
    ...no,
    ...(half?.findings ?? []),
    ...(known ? warnings(before, move, around) : []),
    ...(known && request.check ? checkFindings(checks, gatewaysBy(before, from)) : []),
  ];
  const risky = findings.some(({ level }) => level !== 'note');
  const journal: Journal = {
    version: 1,
    id: randomBytes(6).toString('hex'),
    phase: 'planned',
    move,
    before: concerning(before, move),
    persistence,
    clients,
    ...(half ? { supplement: half.supplement } : {}),
    checks,
    findings,
    timeoutSeconds: request.timeoutSeconds,
    autoConfirm: request.autoConfirm && !risky,
  };
  return { journal, done, steps: known && no.length === 0 ? forwardSteps(journal, 0) : [] };
}

/** Has a planned move done by a guard; resolves when the checks have passed, or it is settled. */
export async function performMove(plan: MovePlan, folder: string, program: readonly string[]): Promise<Journal> {
  const { journal } = plan;
  const { bridge } = journal.move;
  await forgetRequest(folder, bridge);
  await installBootHook(program, dirname(folder));
  await writeJournal(folder, journal);
  await startGuard(program, folder, journal);
  return follow(
    folder,
    bridge,
    ({ phase, checked, autoConfirm }) => phase === 'trial' && checked === true && !autoConfirm,
  );
}
