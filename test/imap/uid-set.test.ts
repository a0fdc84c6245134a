import assert from 'node:assert/strict'
import {test} from 'node:test'
import {expandUids, MAX_UID, packUids} from '../../src/lib/imap/uid-set.ts'

test('packs runs, and stops at the count', () => {
  assert.deepEqual(packUids([1, 2, 3, 7, 9, 10], 100), {set: '1:3,7,9:10', count: 6})
  assert.deepEqual(packUids([1, 2, 3, 7], 2), {set: '1:2', count: 2})
  assert.deepEqual(packUids([], 10), {set: '', count: 0})
})

test('stops at the octets, takes at least one, and loses none', () => {
  const uids = Array.from({length: 5000}, (_, index) => 1_000_000_000 + index * 2)
  const taken: number[] = []
  while (taken.length < uids.length) {
    const {set, count} = packUids(uids.slice(taken.length), 5000, 8000)
    assert.ok(set.length <= 8000)
    taken.push(...expandUids(set, 5000))
    assert.equal(taken.length % 1, count % 1)
  }
  assert.deepEqual(taken, uids)
  assert.deepEqual(packUids([4_000_000_000], 10, 1), {set: '4000000000', count: 1})
})

test('expands what servers write, bounded', () => {
  assert.deepEqual(expandUids('5:3,1,4', 100), [1, 3, 4, 5])
  assert.deepEqual(expandUids('0,x,*,7:,12345678901', 100), [])
  assert.equal(expandUids('1:4294967295', 1000).length, 1000)
  assert.deepEqual(expandUids('4294967295:9999999999', 10), [MAX_UID])
})
