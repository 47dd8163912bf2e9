import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { systemClock } from '../lib/clock.ts';
import { openStore, parseConnection } from './open.ts';

describe('[database] connection', () => {
  it('names a file of SQLite, with three slashes or four', () => {
    assert.deepEqual(parseConnection('sqlite:////var/lib/neutrino/db'), { sqlite: '/var/lib/neutrino/db' });
    assert.deepEqual(parseConnection('sqlite:///var/lib/neutrino/db'), { sqlite: '/var/lib/neutrino/db' });
  });

  it('names a PostgreSQL by host or by socket, whatever driver a stock file names', () => {
    const url = 'postgresql://user:p%40ss@host:5433/neutron?sslmode=disable';
    assert.deepEqual(parseConnection(url), { postgres: url });
    assert.deepEqual(parseConnection(url.replace('sql:', 'sql+psycopg2:')), { postgres: url });
    const socket = 'postgresql:///neutron?host=/run/postgresql';
    assert.deepEqual(parseConnection(socket), { postgres: socket });
    const user = 'postgresql://me@/neutron?host=%2Frun%2Fpostgresql';
    assert.deepEqual(parseConnection(user), { postgres: user });
  });

  it('is refused in a sentence that says what is expected and holds no password', () => {
    for (const url of [
      'mysql+pymysql://u:secret@host/neutron',
      'secret',
      'sqlite://',
      'sqlite:///',
      'postgresql://u:secret@host',
    ]) {
      assert.throws(
        () => parseConnection(url),
        (error: Error) => /expected is sqlite:/.test(error.message) && !error.message.includes('secret'),
        url,
      );
    }
  });

  it('that cannot be reached rejects, without the password', async () => {
    const connection = 'postgresql://u:secret@127.0.0.1:1/neutron';
    await assert.rejects(openStore({ connection, clock: systemClock }), (error: Error) => {
      assert.match(
        error.message,
        /^The database neutron of PostgreSQL at 127\.0\.0\.1, port 1, cannot be reached: .*REFUSED/,
      );
      assert(!`${error.message}${error.stack}`.includes('secret'));
      return true;
    });
  });
});
