import {first} from './0001-first.ts'
import {ticketsByStatus} from './0002-tickets-by-status.ts'
import {whatAMailMeans} from './0003-what-a-mail-means.ts'
import {outgoingMail} from './0004-outgoing-mail.ts'
import {probes} from './0005-probes.ts'
import type {Migration} from './migration.ts'

/** All migrations in order. Append only. */
export const migrations: readonly Migration[] = [first, ticketsByStatus, whatAMailMeans, outgoingMail, probes]

/** The schema that this program works with. */
export const SCHEMA_VERSION = migrations.length
