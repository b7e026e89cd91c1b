// Package bench measures the indexer as a whole: source, decoding, projection and store together, beside what the database
// itself needs for the same rows; and localnet and `dev`, which fail above their limits. Each benchmark is one run that prints its figures as ratios,
// since seconds are the machine's:
//
//	go test -run '^$' -bench Ingest    -benchtime 1x -timeout 1h ./test/bench   recorded ledgers into PostgreSQL and SQLite, beside COPY and INSERT
//	go test -run '^$' -bench Rebuild   -benchtime 1x -timeout 1h ./test/bench   all of it projected anew, beside ingest
//	go test -run '^$' -bench Contracts -benchtime 1x -timeout 1h ./test/bench   what one more followed contract costs
//	go test -run '^$' -bench Ended     -benchtime 1x -timeout 1h ./test/bench   what a hundred times as many ended trades cost
//	go test -run '^$' -bench Reads     ./test/bench                             each list that the api asks for
//	go test -run '^$' -bench Verify    ./test/bench                             trades compared with contract state on localnet
//	go test -run '^$' -bench Latency   -benchtime 1x ./test/bench               from the close of a ledger to the published entry, on localnet
//	go test -run '^$' -bench Invoke    -benchtime 1x ./test/bench               calls in localnet's contract host, beside a native build of it
//	go test -run '^$' -bench Simulate  -benchtime 1x ./test/bench               the same calls tried, beside invoked
//	go test -run '^$' -bench Release   -benchtime 1x ./test/bench               a release from its simulation to its ledger, one at a time and many
//	go test -run '^$' -bench Start     -benchtime 1x ./test/bench               dev from exec to its first answer
//	go test -run '^$' -bench Trades    -benchtime 1x -timeout 1h ./test/bench   dev's memory and speed over 10,000 trades
//
// STELLARESCROW_BENCH_TRADES is how many trades (20,000, of Trades 10,000; 200,000 for what issue 4 asks), STELLARESCROW_BENCH_SECONDS how long Latency lasts (20;
// 300 for the issue). Ledgers are made by package ledgers once, and kept in the user's cache. PostgreSQL is the system's, with fsync on.
//
// What is measured is written down in docs/scale.md and, of localnet and dev, in docs/localnet.md.
package bench
