// Package bench measures the indexer as a whole: source, decoding, projection and store together, beside what the database
// itself needs for the same rows. Each benchmark is one run that prints its figures as ratios, since seconds are the machine's:
//
//	go test -run '^$' -bench Ingest    -benchtime 1x -timeout 1h ./test/bench   recorded ledgers into PostgreSQL and SQLite, beside COPY and INSERT
//	go test -run '^$' -bench Rebuild   -benchtime 1x -timeout 1h ./test/bench   all of it projected anew, beside ingest
//	go test -run '^$' -bench Contracts -benchtime 1x -timeout 1h ./test/bench   what one more followed contract costs
//	go test -run '^$' -bench Ended     -benchtime 1x -timeout 1h ./test/bench   what a hundred times as many ended trades cost
//	go test -run '^$' -bench Reads     ./test/bench                             each list that the api asks for
//	go test -run '^$' -bench Verify    ./test/bench                             trades compared with contract state on localnet
//	go test -run '^$' -bench Latency   -benchtime 1x ./test/bench               from the close of a ledger to the published entry, on localnet
//
// STELLARESCROW_BENCH_TRADES is how many trades (20,000; 200,000 for what the issue asks), STELLARESCROW_BENCH_SECONDS how long Latency lasts (20;
// 300 for the issue). Ledgers are made by package ledgers once, and kept in the user's cache. PostgreSQL is the system's, with fsync on.
//
// What is measured is written down in docs/scale.md.
package bench
