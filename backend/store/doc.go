// Package store keeps chats, messages and settings in one bbolt file, and brings them back after a crash or damage.
//
// # What is promised
//
// A call that returns nil has its change on disk: it is one bbolt transaction, synced before the call returns. A call
// that returns an error may be tried again. Reads never wait for a writer, except for the moment in which a
// compacted file takes the old one's place.
//
// # Order
//
// Open first takes history.lock, which is never renamed or removed, so two processes never hold the same history,
// even while history.db is being replaced. Then the whole file is inspected with plain reads, before bbolt maps it
// into memory: bbolt panics on damaged pages and a damaged file can even fault, so it only ever sees files whose
// every page and record has been checked. A file that fails is set aside and rebuilt; Recovery says with what result.
// After Open, answers that were streaming when the app ended are marked interrupted, with the text they had.
//
// Call Maintain soon after Open and once a day: it finishes purges that were cut short, empties old trash and takes
// the daily backup. A Backup, a purge or a Verify waits for the one that runs.
//
// # Parts
//
// A Store is made of tables and chores, each a narrow type with one use of the database: chatTable, messageTable and
// documentTable hold what there is; trashBin deletes, backupSet copies, archiver exports and imports. Below them
// database runs transactions and replaces the file, and folder knows the files beside it. What is left to Store itself
// is the order of opening, mending, maintaining and closing.
//
// # Ownership and closing
//
// A Store starts no goroutine and is safe for use from many. Close waits for calls under way; calls after it fail
// with a sentence. What a call returns belongs to the caller.
//
// # Format
//
// history.db has four buckets: meta, chats (id), messages (chat id/message id, so that one chat is one range) and kv.
// Every value is a record: a header with the key, a revision and a CRC-32C, then JSON. Records describe themselves,
// so salvage finds them in the raw bytes of any file, whatever happened to its pages, and keeps the highest revision
// of each. A revision is the number of this Open in its upper half and a counter in its lower half, so what a crash
// left half-written is always older than what was written after it.
//
// # Costs
//
// A write costs two fdatasync calls and a few pages of copy-on-write; the free list is synced with each commit,
// because a file that needs it rebuilt cannot be told from a damaged one. Open reads the whole file once. A purge
// writes the whole file again. Search reads every message: it is a plain case-folded scan, and simple on purpose.
//
// # Disks
//
// On a full disk everything can still be read, answers still get their end and chats are still deleted:
// history.reserve holds back a little room for that. A write whose sync fails is reported as failed, though it may be
// there when the history is read again.
//
// # Purging
//
// A chat in the trash is only marked. A purge deletes its records, rewrites history.db without the pages that held
// them, takes a fresh backup, and removes older backups and files set aside earlier, which may hold the same text.
// What the disk's own firmware or the file system's snapshots keep is out of reach.
package store
