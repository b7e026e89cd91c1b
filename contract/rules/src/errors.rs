// The codes of every refusal. They are numbered once and never reused: clients, the Go model and the stories decide by them.
// docs/contract.md "Errors" says when each is given.

use soroban_sdk::contracterror;

// Their names are in the wasm that is built with the feature `interface`.
#[cfg_attr(feature = "interface", contracterror)]
#[cfg_attr(not(feature = "interface"), contracterror(export = false))]
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
#[repr(u32)]
pub enum EscrowError {
    NotFound = 1,
    AlreadyOpened = 2,
    NotParty = 3,
    WrongStage = 4,
    NotDue = 5,
    NoSuchMilestone = 6,
    AmountOutOfRange = 7,
    PartInDispute = 8,
    LeftChanged = 9,
    NoOffer = 10,
    NotArbitrator = 11,
    AlreadyVoted = 12,
    EmptyList = 13,
    DepositNotReceived = 14,
    Shortage = 15,
    TransferFailed = 16,
    NothingToCollect = 17,
    ForbiddenTarget = 18,
    Paused = 19,

    // What `open` refuses in the terms.
    SameRole = 20,
    ForbiddenRole = 21,
    MilestoneCount = 22,
    BadAmount = 23,
    BadBond = 24,
    BadArbitrationFee = 25,
    TotalTooLarge = 26,
    PanelSize = 27,
    BadQuorum = 28,
    AppealWithoutPanel = 29,
    BadPpm = 30,
    FeeMismatch = 31,
    FundByPast = 32,
    DeliverByTooNear = 33,
    BadInspection = 34,
    BadOffersWindow = 35,
    BadRulingWindow = 36,
    BadAppealWindow = 37,
    LifeTooLong = 38,

    // What the admin's functions and the constructor refuse.
    FeeAboveCap = 40,
    BadLimits = 41,
    NoPendingFee = 42,
    NoPendingAdmin = 43,
    NoAnchorKey = 44,
    AnchorNotNewer = 45,
    ForbiddenReceiver = 46,
    WrongRulebook = 47,
}
