// The numerics that the server sends, under the names of modern.ircdocs.horse (and ircv3.net for
// those of MONITOR and WHOX), each with the text for people that stands at its end. Where the text
// is empty, it is the command that says it.
#pragma once

#include <cstdint>
#include <string_view>

namespace switchboard::irc {

struct Numeric {
  std::uint16_t code;  // written with three digits
  std::string_view text{};
};

inline constexpr Numeric RPL_WELCOME{1};
inline constexpr Numeric RPL_YOURHOST{2};
inline constexpr Numeric RPL_CREATED{3};
inline constexpr Numeric RPL_MYINFO{4};
inline constexpr Numeric RPL_ISUPPORT{5, "are supported by this server"};
inline constexpr Numeric RPL_STATSCOMMANDS{212};
inline constexpr Numeric RPL_ENDOFSTATS{219, "End of /STATS report"};
inline constexpr Numeric RPL_UMODEIS{221};
inline constexpr Numeric RPL_STATSUPTIME{242};
inline constexpr Numeric RPL_STATSOLINE{243};
inline constexpr Numeric RPL_LUSERCLIENT{251};
inline constexpr Numeric RPL_LUSEROP{252, "operator(s) online"};
inline constexpr Numeric RPL_LUSERUNKNOWN{253, "unknown connection(s)"};
inline constexpr Numeric RPL_LUSERCHANNELS{254, "channels formed"};
inline constexpr Numeric RPL_LUSERME{255};
inline constexpr Numeric RPL_ADMINME{256, "Administrative info"};
inline constexpr Numeric RPL_ADMINLOC1{257};
inline constexpr Numeric RPL_ADMINLOC2{258};
inline constexpr Numeric RPL_ADMINEMAIL{259};
inline constexpr Numeric RPL_TRYAGAIN{263, "Please wait a while and try again."};
inline constexpr Numeric RPL_LOCALUSERS{265};
inline constexpr Numeric RPL_GLOBALUSERS{266};
inline constexpr Numeric RPL_AWAY{301};
inline constexpr Numeric RPL_USERHOST{302};
inline constexpr Numeric RPL_ISON{303};
inline constexpr Numeric RPL_UNAWAY{305, "You are no longer marked as being away"};
inline constexpr Numeric RPL_NOWAWAY{306, "You have been marked as being away"};
inline constexpr Numeric RPL_WHOISUSER{311};
inline constexpr Numeric RPL_WHOISSERVER{312};
inline constexpr Numeric RPL_WHOISOPERATOR{313, "is an IRC operator"};
inline constexpr Numeric RPL_WHOWASUSER{314};
inline constexpr Numeric RPL_ENDOFWHO{315, "End of WHO list"};
inline constexpr Numeric RPL_WHOISIDLE{317, "seconds idle, signon time"};
inline constexpr Numeric RPL_ENDOFWHOIS{318, "End of /WHOIS list"};
inline constexpr Numeric RPL_WHOISCHANNELS{319};
inline constexpr Numeric RPL_LISTSTART{321, "Users  Name"};
inline constexpr Numeric RPL_LIST{322};
inline constexpr Numeric RPL_LISTEND{323, "End of /LIST"};
inline constexpr Numeric RPL_CHANNELMODEIS{324};
inline constexpr Numeric RPL_CREATIONTIME{329};
inline constexpr Numeric RPL_WHOISACCOUNT{330, "is logged in as"};
inline constexpr Numeric RPL_NOTOPIC{331, "No topic is set"};
inline constexpr Numeric RPL_TOPIC{332};
inline constexpr Numeric RPL_TOPICWHOTIME{333};
inline constexpr Numeric RPL_WHOISBOT{335, "is a bot"};
inline constexpr Numeric RPL_INVITELIST{336};
inline constexpr Numeric RPL_ENDOFINVITELIST{337, "End of /INVITE list"};
inline constexpr Numeric RPL_INVITING{341};
inline constexpr Numeric RPL_INVEXLIST{346};
inline constexpr Numeric RPL_ENDOFINVEXLIST{347, "End of channel invite exception list"};
inline constexpr Numeric RPL_EXCEPTLIST{348};
inline constexpr Numeric RPL_ENDOFEXCEPTLIST{349, "End of channel exception list"};
inline constexpr Numeric RPL_VERSION{351};
inline constexpr Numeric RPL_WHOREPLY{352};
inline constexpr Numeric RPL_NAMREPLY{353};
inline constexpr Numeric RPL_WHOSPCRPL{354};
inline constexpr Numeric RPL_LINKS{364};
inline constexpr Numeric RPL_ENDOFLINKS{365, "End of /LINKS list"};
inline constexpr Numeric RPL_ENDOFNAMES{366, "End of /NAMES list"};
inline constexpr Numeric RPL_BANLIST{367};
inline constexpr Numeric RPL_ENDOFBANLIST{368, "End of channel ban list"};
inline constexpr Numeric RPL_ENDOFWHOWAS{369, "End of WHOWAS"};
inline constexpr Numeric RPL_INFO{371};
inline constexpr Numeric RPL_MOTD{372};
inline constexpr Numeric RPL_ENDOFINFO{374, "End of /INFO list"};
inline constexpr Numeric RPL_MOTDSTART{375};
inline constexpr Numeric RPL_ENDOFMOTD{376, "End of /MOTD command."};
inline constexpr Numeric RPL_WHOISHOST{378};
inline constexpr Numeric RPL_WHOISMODES{379};
inline constexpr Numeric RPL_YOUREOPER{381, "You are now an IRC operator"};
inline constexpr Numeric RPL_REHASHING{382, "Rehashing"};
inline constexpr Numeric RPL_TIME{391};
inline constexpr Numeric RPL_VISIBLEHOST{396, "is now your displayed host"};
inline constexpr Numeric ERR_UNKNOWNERROR{400};
inline constexpr Numeric ERR_NOSUCHNICK{401, "No such nick/channel"};
inline constexpr Numeric ERR_NOSUCHSERVER{402, "No such server"};
inline constexpr Numeric ERR_NOSUCHCHANNEL{403, "No such channel"};
inline constexpr Numeric ERR_CANNOTSENDTOCHAN{404, "Cannot send to channel"};
inline constexpr Numeric ERR_TOOMANYCHANNELS{405, "You have joined too many channels"};
inline constexpr Numeric ERR_WASNOSUCHNICK{406, "There was no such nickname"};
inline constexpr Numeric ERR_TOOMANYTARGETS{407, "Too many targets"};
inline constexpr Numeric ERR_NOORIGIN{409, "No origin specified"};
inline constexpr Numeric ERR_INVALIDCAPCMD{410, "Invalid CAP command"};
inline constexpr Numeric ERR_NORECIPIENT{411, "No recipient given"};
inline constexpr Numeric ERR_NOTEXTTOSEND{412, "No text to send"};
inline constexpr Numeric ERR_INPUTTOOLONG{417, "Input line was too long"};
inline constexpr Numeric ERR_UNKNOWNCOMMAND{421, "Unknown command"};
inline constexpr Numeric ERR_NOMOTD{422, "MOTD File is missing"};
inline constexpr Numeric ERR_NOADMININFO{423, "No administrative info available"};
inline constexpr Numeric ERR_NONICKNAMEGIVEN{431, "No nickname given"};
inline constexpr Numeric ERR_ERRONEUSNICKNAME{432, "Erroneous nickname"};
inline constexpr Numeric ERR_NICKNAMEINUSE{433, "Nickname is already in use"};
inline constexpr Numeric ERR_USERNOTINCHANNEL{441, "They aren't on that channel"};
inline constexpr Numeric ERR_NOTONCHANNEL{442, "You're not on that channel"};
inline constexpr Numeric ERR_USERONCHANNEL{443, "is already on channel"};
inline constexpr Numeric ERR_NOTREGISTERED{451, "You have not registered"};
inline constexpr Numeric ERR_NEEDMOREPARAMS{461, "Not enough parameters"};
inline constexpr Numeric ERR_ALREADYREGISTERED{462, "You may not reregister"};
inline constexpr Numeric ERR_PASSWDMISMATCH{464, "Password incorrect"};
inline constexpr Numeric ERR_CHANNELISFULL{471, "Cannot join channel (+l)"};
inline constexpr Numeric ERR_UNKNOWNMODE{472, "is unknown mode char to me"};
inline constexpr Numeric ERR_INVITEONLYCHAN{473, "Cannot join channel (+i)"};
inline constexpr Numeric ERR_BANNEDFROMCHAN{474, "Cannot join channel (+b)"};
inline constexpr Numeric ERR_BADCHANNELKEY{475, "Cannot join channel (+k)"};
inline constexpr Numeric ERR_BANLISTFULL{478, "Channel list is full"};
inline constexpr Numeric ERR_NOPRIVILEGES{481, "Permission Denied- You're not an IRC operator"};
inline constexpr Numeric ERR_CHANOPRIVSNEEDED{482, "You're not channel operator"};
inline constexpr Numeric ERR_CANTKILLSERVER{483, "You can't kill a server!"};
inline constexpr Numeric ERR_UMODEUNKNOWNFLAG{501, "Unknown MODE flag"};
inline constexpr Numeric ERR_USERSDONTMATCH{502, "Cant change mode for other users"};
inline constexpr Numeric ERR_HELPNOTFOUND{524, "No help available on this topic"};
inline constexpr Numeric ERR_INVALIDKEY{525, "Key is not well-formed"};
inline constexpr Numeric ERR_INVALIDMODEPARAM{696};
inline constexpr Numeric RPL_HELPSTART{704};
inline constexpr Numeric RPL_HELPTXT{705};
inline constexpr Numeric RPL_ENDOFHELP{706};
inline constexpr Numeric RPL_MONONLINE{730};
inline constexpr Numeric RPL_MONOFFLINE{731};
inline constexpr Numeric RPL_MONLIST{732};
inline constexpr Numeric RPL_ENDOFMONLIST{733, "End of MONITOR list"};
inline constexpr Numeric ERR_MONLISTFULL{734, "Monitor list is full"};
inline constexpr Numeric RPL_LOGGEDIN{900};
inline constexpr Numeric RPL_SASLSUCCESS{903, "SASL authentication successful"};
inline constexpr Numeric ERR_SASLFAIL{904, "SASL authentication failed"};
inline constexpr Numeric ERR_SASLTOOLONG{905, "SASL message too long"};
inline constexpr Numeric ERR_SASLABORTED{906, "SASL authentication aborted"};
inline constexpr Numeric ERR_SASLALREADY{907, "You have already authenticated using SASL"};
inline constexpr Numeric RPL_SASLMECHS{908, "are available SASL mechanisms"};

}  // namespace switchboard::irc
