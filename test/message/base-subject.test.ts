import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {baseSubject} from '../../src/lib/message/base-subject.ts'

const cases: readonly (readonly [string, string])[] = [
  ['', ''],
  ['Printer on fire', 'Printer on fire'],
  ['Re: Printer', 'Printer'],
  ['RE: Fwd: re: FW: Printer', 'Printer'],
  ['  Re :\tPrinter \t on  fire ', 'Printer on fire'],
  ['Re: [ticket] Re: [list] Printer', 'Printer'],
  ['[list] [tag] Printer', 'Printer'],
  ['[list] [tag]', '[tag]'],
  ['Re[5]: Printer', 'Printer'],
  ['Re(2): Printer', 'Printer'],
  ['Re^3: Printer', 'Printer'],
  ['Re2: Printer', 'Printer'],
  ['Re: Printer (fwd) (FWD)', 'Printer'],
  ['[Fwd: Re: Printer]', 'Printer'],
  ['[fwd: [fwd: Printer (fwd)]] (fwd)', 'Printer'],
  ['Re:', ''],
  ['Re', 'Re'],
  ['Regarding: Printer', 'Regarding: Printer'],
  ['Internet: down', 'Internet: down'],
  ['Re: Order [5] today', 'Order [5] today'],
  ['AW: WG: Drucker', 'Drucker'],
  ['Antw: SV: VS: TR: RÉF: RV: ENC: RES: RIF: R: I: Odp: PD: YNT: Vá: x', 'x'],
  ['回复：打印机', '打印机'],
  ['[unclosed Printer', '[unclosed Printer'],
]

describe('base subject', () => {
  for (const [subject, base] of cases) test(`"${subject}"`, () => assert.equal(baseSubject(subject), base))

  test('nothing hostile takes long', () => {
    // Each is quadratic in a careless implementation, and would then take hours.
    for (const piece of ['Re: ', '[a]', '[', '[fwd:', '(fwd)', 'Re[a', 're ', ' ', 'Re[1]: [x] ']) {
      assert.equal(typeof baseSubject(piece.repeat(1_000_000 / piece.length)), 'string')
    }
    assert.equal(baseSubject(`${'[fwd: '.repeat(10_000)}x${']'.repeat(10_000)}`), 'x')
  })
})
