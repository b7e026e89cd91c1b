// Package explore walks through every state that small trades can reach, and proves that none is a dead end: from each one, calls that need nobody's signature end the
// trade within the sum of its windows, whoever is gone and whether or not the token pays, and what was parked meanwhile reaches its owner once it does.
//
// Everyone gone is the strongest case: whoever stays could only add calls to those that anyone can make. So one search decides for every subset of people.
//
// All steps are the model's own (escrow.Contract.Apply); what is tried is what escrow.Next lists, whose completeness the tests of internal/escrow check. Rulings are 0, half
// and all, amounts every whole number, offers nothing, half and all. The states are made fewer in these ways, each sound because it merges only states that behave alike, or
// adds states that cannot happen (a proof for more states is a proof for these):
//
//   - Time is the phase a milestone is in. Within a phase no rule looks at the clock, so the same calls do the same; only how long it still lasts differs. Each
//     milestone has a clock of its own, which may stand still or run: more interleavings than one common clock allows. Real seconds are kept aside, for the latest time that
//     each state can last (latest in search.go).
//   - Seats of a panel are interchangeable: rules count votes and sort them. Only the next free seat of a panel votes, and votes are kept sorted. A hearing that is over is its
//     number of votes (for the costs) and its ruling; one whose ruling nothing can ask for any more is its number of votes alone.
//   - Who disputed and where from the fee came is what each side has set aside; nothing else of it is read again.
//   - An offer is made and accepted in one step: until it is accepted nothing reads it.
//   - Parked money is no part of a state: only claim reads it. Instead every call is made twice, with a token that pays and with one that refuses everybody, upon money parked
//     before, and must do the same but for what is parked; and once for each set of people who are paid, with every subset of them refused, whereupon anyone pushes each
//     parcel to its owner.
//   - Milestones meet only in the bonds, and in being the last one to end. So the steps of one milestone are computed by the model once for each pair of bonds, with another one
//     beside it that is alive or ended, and then combined freely: a state of the trade is one of each milestone and the bonds, and every combination that can be
//     reached is visited. A call on several milestones is the same calls one after the other, paid together. Two milestones of equal amounts are unordered.
//
// The tests check the merging against the model: states merged into one have the same steps, and steps taken in whole trades are the combined ones.
package explore
