import assert from 'node:assert/strict'
import {writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {test} from 'node:test'
import type {Finding} from '../../src/lib/channel/stage.ts'
import {lookAtCertificates, lookAtLimits, lookAtNode, lookAtProxies, satisfies} from '../../src/lib/doctor/program.ts'
import {makeCertificates} from '../support/certificates.ts'
import {temporaryHome} from '../support/run-postdesk.ts'

/** The status, and the code of what is wrong. */
const told = (finding: Finding) => `${finding.status}${'problem' in finding ? ` ${finding.problem.code}` : ''}`

test('a version is in the range of package.json, or is not', () => {
  const range = '^22.22.2 || >=24.15.0'
  for (const version of ['22.22.2', '22.30.0', '24.15.0', '24.21.0', '25.0.0', '24.15.0-rc.1'])
    assert.ok(satisfies(version, range), version)
  for (const version of ['22.22.1', '22.9.9', '23.11.0', '24.14.9', '20.19.0', '9.0.0'])
    assert.ok(!satisfies(version, range), version)
  assert.ok(!satisfies('24.0.0', 'latest'), 'another notation is in no range')
})

test('a Node that postdesk is not made for is warned of', () => {
  const facts = {version: '0.1.0', engines: '>=24.15.0'}
  assert.equal(told(lookAtNode(facts, '24.21.0')), 'pass')
  assert.equal(told(lookAtNode(facts, '24.1.0')), 'warn NODE_UNTESTED')
})

test('how many files may be open is found out at once', () => {
  const began = performance.now()
  const {evidence} = lookAtLimits()
  assert.equal(typeof evidence?.['openFiles'], 'number')
  assert.ok(performance.now() - began < 10_000)
})

test('certificates that are not verified, and a file of authorities that is not used, are warned of', async (t) => {
  const home = await temporaryHome(t)
  const file = join(home, 'ca.pem')
  const look = async (env: NodeJS.ProcessEnv) => told(await lookAtCertificates(env))
  assert.equal(await look({}), 'pass')
  assert.equal(await look({NODE_TLS_REJECT_UNAUTHORIZED: '1'}), 'pass')
  assert.equal(await look({NODE_TLS_REJECT_UNAUTHORIZED: '0'}), 'warn CERTIFICATES_NOT_VERIFIED')
  assert.equal(await look({NODE_EXTRA_CA_CERTS: file}), 'warn EXTRA_CERTIFICATES_UNREADABLE')
  await writeFile(file, 'rubbish')
  assert.equal(await look({NODE_EXTRA_CA_CERTS: file}), 'warn EXTRA_CERTIFICATES_UNREADABLE')
  await writeFile(file, (await makeCertificates(t)).ca)
  assert.equal(await look({NODE_EXTRA_CA_CERTS: file}), 'pass')
})

test('proxies are said not to be used, and their passwords are not told', () => {
  assert.match(JSON.stringify(lookAtProxies({})), /No proxy is set/)
  const finding = lookAtProxies({https_proxy: 'http://ann:hunter2@proxy.acme.example:3128', NO_PROXY: 'localhost'})
  assert.match(JSON.stringify(finding), /https_proxy, NO_PROXY are set; mail does not go by a proxy/)
  assert.ok(!JSON.stringify(finding).includes('hunter2'))
})
