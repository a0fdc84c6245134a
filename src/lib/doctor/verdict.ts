/** What the checks of `doctor` come to. */
import type {Certainty, ExitCode, Fix} from '../errors.ts'
import {EXIT} from '../errors.ts'
import type {CheckId} from './checks.ts'
import type {Check} from './examine.ts'

export interface DoctorVerdict {
  readonly status: 'pass' | 'warn' | 'fail'
  /** That of the check that decided, or `OK`. */
  readonly code: string
  /** 0 with warnings alone. */
  readonly exitCode: ExitCode
  readonly title: string
  readonly why: string
  readonly fixes: readonly Fix[]
  readonly certainty?: Certainty
  /** The check that decided; left out where none fails or warns. */
  readonly stage?: CheckId
}

/** The check of the lowest class that fails decides; 75 only where waiting can mend all of them. */
export function verdictOfChecks(checks: readonly Check[]): DoctorVerdict {
  const failing = checks.filter(({status}) => status === 'fail')
  const lasting = failing.filter(({exitCode}) => exitCode !== EXIT.tryAgain)
  const [worst] = (lasting.length > 0 ? lasting : failing).toSorted((a, b) => classOf(a) - classOf(b))
  if (worst) return deciding(worst, 'fail', classOf(worst))
  const warning = checks.find(({status}) => status === 'warn')
  if (warning) return deciding(warning, 'warn', EXIT.ok)
  const passed = checks.filter(({status}) => status === 'pass').length
  return {status: 'pass', code: 'OK', exitCode: EXIT.ok, title: `All ${passed} checks pass`, why: '', fixes: []}
}

const classOf = ({exitCode}: Check): ExitCode => exitCode ?? EXIT.unclassified

const deciding = (check: Check, status: 'warn' | 'fail', exitCode: ExitCode): DoctorVerdict => ({
  status,
  code: check.code ?? 'UNCLASSIFIED',
  exitCode,
  title: check.title,
  why: check.why ?? '',
  fixes: check.fixes ?? [],
  ...(check.certainty === undefined ? {} : {certainty: check.certainty}),
  stage: check.id,
})
