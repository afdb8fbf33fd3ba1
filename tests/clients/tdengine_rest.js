// The npm package @tdengine/rest against the TDengine door: what is written comes back.

const assert = require('node:assert/strict');
const { options, connect } = require('@tdengine/rest');

const url = new URL(process.argv[2]);
Object.assign(options, {
  path: '/rest/sql/', host: url.hostname, port: Number(url.port), user: 'root', passwd: 'taosdata', scheme: 'http',
});

async function main() {
  const cursor = connect(options).cursor();
  const done = async (statement) => {
    const answer = await cursor.query(statement);
    assert.equal(answer.getErrCode(), 0, `${statement}: ${answer.getErrStr()}`);
    return answer;
  };
  await done('create database node');
  await done('create stable node.meters (ts timestamp, f double, i int, ok bool, n nchar(8)) tags (unit int)');
  await done('create table node.m1 using node.meters tags (1)');
  await done("insert into node.m1 values (1704067200001, 0.1, -7, true, '温度°C') (1704067201000, null, null, null, null)");

  const answer = await done('select * from node.meters order by ts');
  assert.deepEqual(answer.getMeta().map((column) => [column.columnName, column.typeName]), [
    ['ts', 'TIMESTAMP'], ['f', 'DOUBLE'], ['i', 'INT'], ['ok', 'BOOL'], ['n', 'NCHAR'], ['unit', 'INT'],
  ]);
  assert.deepEqual(answer.getData(), [
    ['2024-01-01T00:00:00.001Z', 0.1, -7, true, '温度°C', 1],
    ['2024-01-01T00:00:01.000Z', null, null, null, null, 1],
  ]);
  assert.deepEqual((await done('select count(*), avg(f) from node.m1')).getData(), [[2, 0.1]]);

  const refused = await cursor.query('select nope from node.m1');
  assert.equal(refused.getErrCode(), 0x2602);
  assert.match(refused.getErrStr(), /nope/);
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
