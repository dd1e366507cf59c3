package routing

// text names a sentence of the trace. A failing rule's sentence is also the refusal's Reason, so it says what is wrong
// and, where there is one, the mend.
type text uint8

const (
	textNotReached text = iota
	textDomain
	textTrunk
	textUnknownHost
	textSource
	textProof
	textSourceAndProof
	textWrongSource
	textNoMapping
	textPlainTransport
	textNoProof
	textStaleProof
	textWrongProof
	textEmergencyNumber
	textTestNumber
	textServiceURN
	textTestURN
	textNotEmergency
	textUnknownURN
	textDesignated
	textEnabled
	textTrunkEnabled
	textDisabled
	textCaller
	textCallerAlways
	textCallerInstead
	textCallerIDLapsed
	textCallerTaken
	textCallerBy
	textUnregisteredBy
	textUnregisteredTaken
	textNoneOther
	textOtherWrite
	textOtherWouldBe
	textNoIdentity
	textFromNotSIP
	textFromTel
	textFromWithheld
	textFromNotE164
	textFromWrite
	textFromWouldBe
	textFromSeveral
	textFromUnknown
	textFromElsewhere
	textFromUnregistered
	textFromNobody
	textEndpoint
	textEndpointBy
	textHookCaller
	textHookNobody
	textHasAddress
	textEndpointNoFee
	textFee
	textUnregisteredTest
	textOnlyUSAndCA
	textNotACaller
	textOfCountry
	textURNOfCountry
	textNotOfCountry
	textNoTestOfCountry
	textDesignatedCountry
	textNotATest
	textTestService
	textTestServiceNoAddress
	textTestServicePlace
	textUnregisteredService
	textNobodyService
	textEndpointService
	textE911
	textBasic911
	textNoService
	textServiceCentre
	textServiceCentreESN
	textOverflow
	textAllOut
	textNobodyServes
	textNowhere
	textNoCentreNeeded
	textNoECC
	textNoECCBehind
	textAllOutNoECC
	textHookAsk
	textHookSaid
	textHookEmpty
	textHookSilent
	textHookRedirected
	textHookRedirects
	textHookECC
	textHookRefused
	textHookNoAnswer
	textHookStatus
	textHookMalformed
	textHookNoAEUI
	textHookNoPlace
	textHookEndpointUnknown
	textHookRadius
	textHookCallback
	textHookCounts
	textHookCallerTaken
	textHookCallerIgnored
	textHookPoint
	textHookWithin
	textHookBeyond
	textHookUnmeasured
	textHookLocation
	textLocationUnknown
	textLocationInvalid
	textLocationUnserved
	textPlaceUnregistered
	textPlaceNoService
	textPlaceNever
	textPlaceForbidden
	textPlaceNotTold
	textPlaceUnreadable
	textPlaceOutside
	textPlaceSwapped
	textPlaceUnserved
	textPlacePoint
	textPlaceShare
	textPlaceCivic
	textPlaceID
	textPlaceIDElsewhere
	textPlaceEndpoint
	textPlaceOwn
	textPlaceAddress
	textPlaceNone
	textLoSTAsk
	textLoSTSaid
	textLoSTKept
	textLoSTWarned
	textLoSTFailed
	textLoSTNoURI
	textLoSTKnown
	textLoSTForeign
	textLoSTDefault
	textCount
)

var texts = [textCount]string{
	textNotReached: "not reached",

	textDomain:      "$1 is the domain $2",
	textTrunk:       "$1 is the trunk $2",
	textUnknownHost: "$1 is no domain or trunk of this edge",

	textSource:         "source $s is in ACL $2",
	textProof:          "user $1 of credential list $2 knows the password",
	textSourceAndProof: "source $s is in ACL $3, and user $1 of credential list $2 knows the password",
	textWrongSource:    "source $s is in no ACL of $2",
	textNoMapping:      "$1 has neither ACL nor credential list mapped, so it receives no traffic",
	textPlainTransport: "$2 is secure and takes SIP over TLS only, this came over $1",
	textNoProof:        "$1 needs digest credentials and none were sent",
	textStaleProof:     "the credentials of user $1 answer an old challenge",
	textWrongProof:     "wrong user name or password for user $1",

	textEmergencyNumber: "$1 is an emergency number",
	textTestNumber:      "$1 is a test number",
	textServiceURN:      "urn:$1 asks for $2",
	textTestURN:         "urn:$1 asks for a test call",
	textDesignated:      "$1 is a designated number of the account, so this is an emergency call",
	textNotEmergency:    "$1 is no emergency or test number in any country; this edge forwards nothing else",
	textUnknownURN:      "$1:$2 is no emergency service; this edge forwards nothing else",

	textEnabled:      "emergency calling is enabled on $1",
	textTrunkEnabled: "trunks need no setting for emergency calls",
	textDisabled:     "emergency calling is not enabled on $1",

	textCaller:            "$1 is on the account, tied to $2 and has a registered address",
	textCallerAlways:      "Emergency Caller ID $3 takes the place of From on every call of $2",
	textCallerInstead:     "Emergency Caller ID $3 takes the place of From: ",
	textCallerIDLapsed:    "; Emergency Caller ID $3 has no registered address now, so From alone counts",
	textCallerTaken:       "$h $1 is taken as $n, which is on the account, tied to $2 and has a registered address",
	textCallerBy:          "$i $n is on the account and has a registered address, so it counts",
	textUnregisteredBy:    "$i $n is on the account, so it counts, but has no registered emergency address",
	textUnregisteredTaken: "$h $1 is taken as $n, which has no registered emergency address (status $2)",
	textNoneOther:         "; no number of the account in $l either",
	textOtherWrite:        "; $i $3 is not E.164; write $n",
	textOtherWouldBe:      "; $i $3 is not E.164; it would be $n, which is not a number of this account",
	textNoIdentity:        "none of the header fields that may hold the number of a caller of $2 was sent",
	textFromNotSIP:        "$h must be a SIP URI with an E.164 number, not $1:$2",
	textFromTel:           "$h must be a SIP URI, not tel:$1; write sip:$n@$2",
	textFromWithheld:      "$h is withheld; an emergency call needs an E.164 number of the account in From",
	textFromNotE164:       "$h $1 is not E.164: write + and 8 to 15 digits",
	textFromWrite:         "$h $1 is not E.164; write $n",
	textFromWouldBe:       "$h $1 is not E.164; it would be $n, which is not a number of this account tied to $2",
	textFromSeveral:       "$h $1 is not E.164 and could be several numbers of the account; write + and 8 to 15 digits",
	textFromUnknown:       "$h $1 is not a number of this account",
	textFromElsewhere:     "$h $1 is not tied to $2",
	textFromUnregistered:  "$h $1 has no registered emergency address (status $2)",

	textFromNobody: "$h $1 is neither a number nor an endpoint (AEUI) of this account",
	textEndpoint:   "$h has endpoint $1 of the account",
	textEndpointBy: "$i has endpoint $3 of the account, so it counts",
	textHookCaller: "the web service names endpoint $1 as the caller: name $2, call back $3",
	textHookNobody: "nobody is known but who dialled: $1",

	textHasAddress:       "the caller has a registered address",
	textEndpointNoFee:    "no fee: the caller is an endpoint, or dialled a designated number",
	textFee:              "$1 has no registered address: national ECC, fee of 75.00 USD, warning 22221",
	textUnregisteredTest: "$1 has no registered address; a test call costs no fee",
	textOnlyUSAndCA:      "$1 has no registered emergency address (status $2), and only US and CA numbers may call without one",
	textNotACaller:       "only a US or CA number on the account and tied to this host may call without a registered address",

	textOfCountry:         "$1 is a number of $2, the country of $3",
	textURNOfCountry:      "$1 is $2 in $3, the country of the caller",
	textDesignatedCountry: "$1 asks for help in $2",
	textNotOfCountry:      "$1 is not an emergency number of $2, the country of $3",
	textNoTestOfCountry:   "$1 has no test number, the country of $2",

	textNotATest:             "not a test number",
	textTestService:          "$1: the test service reads number and address back, no fee",
	textTestServiceNoAddress: "$1: the test service says that no address is registered, no fee",
	textTestServicePlace:     "$1: the test service reads endpoint and place back, no fee",

	textNobodyService:       "no endpoint is known: national ECC",
	textEndpointService:     "endpoint: callback number, name and place are delivered",
	textUnregisteredService: "no service is in force without a registered address: national ECC",
	textE911:                "e911: number and address are delivered",
	textBasic911:            "basic911: the same PSAP, nothing is delivered",
	textNoService:           "neither e911 nor basic911: national ECC, no fee as an address is registered",

	textServiceCentre:    "$1 serves $a (by $3) and is in service",
	textServiceCentreESN: "$1 serves $a (by ESN $2) and is in service",
	textOverflow:         "$1 serves $a but is out of service: first in service is $3",
	textAllOut:           "$1 serves $a but is out of service with all its overflow: $3",
	textNobodyServes:     "no PSAP serves $a: $2",
	textNowhere:          "there is no place to look for a PSAP with: $2",
	textNoCentreNeeded:   "national ECC $2",
	textNoECC:            "there is no ECC for $1",
	textNoECCBehind:      "; there is no ECC behind it",
	textAllOutNoECC:      "$1 serves $a and is rung though it seems out of service, as does all its overflow",

	textHookAsk:             "$2 is a designated number: GET $u is to say who calls and from where",
	textHookSaid:            "GET $u took $2: $3 $b",
	textHookEmpty:           "GET $u took $2: $3 and no body",
	textHookSilent:          "GET $u took $2: $w",
	textHookRedirected:      "it redirected once, which was followed",
	textHookRedirects:       "it redirected $1 times, which was followed",
	textHookECC:             "so the answer does not count and the ECC takes the call",
	textHookRefused:         "a 404 says that the caller is unknown, and the account has such calls refused",
	textHookNoAnswer:        "no answer came in time",
	textHookStatus:          "only statuses of 200 to 299, 301, 302 and 303 count",
	textHookMalformed:       "$w",
	textHookNoAEUI:          "it has no aeui",
	textHookNoPlace:         "it has neither location_id nor lat and lon",
	textHookEndpointUnknown: "$1 is no endpoint of the account",
	textHookRadius:          "radius $1 is no distance in metres",
	textHookCallback:        "callback $1 is no number of the US or Canada in E.164",
	textHookCounts:          "it names endpoint $1",
	textHookCallerTaken:     "its callback $2 and name $3 count",
	textHookCallerIgnored:   "its callback and name are ignored, as the account does not take them",
	textHookPoint:           "the web service's point $1 counts",
	textHookWithin:          "the web service's point $1 is $2 from its location $3, so both count",
	textHookBeyond:          "the web service's point $1 is $2 from its location $3, beyond the radius, so it counts alone",
	textHookUnmeasured:      "the web service's point $1 counts alone, as nobody knows how far its location $3 is",
	textHookLocation:        "the web service's location $1 counts: $2",

	textLocationUnknown:   "$1 is no location of the account",
	textLocationInvalid:   "location $1 does not count, as its address is in no street range",
	textLocationUnserved:  "no PSAP serves location $1: $2",
	textPlaceUnregistered: "the INVITE's location does not count, as $1 has no registered address",
	textPlaceNoService:    "the INVITE's location does not count, as $1 has neither e911 nor basic911",
	textPlaceNever:        "the settings of $1 let no INVITE's location route",
	textPlaceForbidden:    "Geolocation-Routing does not let the INVITE's location route",
	textPlaceNotTold:      "the settings of $1 let an INVITE's location route where Geolocation-Routing says yes, which it does not",
	textPlaceUnreadable:   "the INVITE's location cannot be read: $u",
	textPlaceOutside:      "$1 is outside every area",
	textPlaceSwapped:      "$1 is outside every area: latitude and longitude look swapped, as $2 serves $3",
	textPlaceUnserved:     "no PSAP serves $1",
	textPlacePoint:        "the INVITE's point $1 counts (method $2)",
	textPlaceShare:        "the INVITE's point $1 counts (method $2): the PSAP's area has $3 of where that may be, the largest share",
	textPlaceCivic:        "the INVITE's address $1 counts (method $2)",
	textPlaceID:           "the INVITE's location $1 counts: $2",
	textPlaceIDElsewhere:  "location ID $1 does not count, as $2 is not of provider bandwidth",
	textPlaceEndpoint:     "location $1 of endpoint $3 counts: $2",
	textPlaceOwn:          "the address of endpoint $2 counts: $1",
	textPlaceAddress:      "the registered address counts: $1",
	textLoSTAsk:           "$u is to say who serves the place for $2",
	textLoSTSaid:          "$u took $2 to name $w",
	textLoSTKept:          "$u: an answer $w",
	textLoSTWarned:        "the server warns of $w",
	textLoSTFailed:        "$u took $2: $w; what the areas say stands",
	textLoSTNoURI:         "no URI of the answer is one that a call could be sent to; what the areas say stands",
	textLoSTKnown:         "$2 is $1",
	textLoSTForeign:       "$u is no centre of the directory, and is rung as it is",
	textLoSTDefault:       "neither server nor areas know the place: $1 takes the calls of such places",

	textPlaceNone: "nothing else is known of where endpoint $1 is",
}
